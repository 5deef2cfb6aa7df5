// What a measurement of the real job stands on: a broker of its own, in a directory that is thrown away; and jobs on
// it, each with a group and output topics of its own.
//
// What cannot be done throws Failure, an interrupt throws Interrupted: both unwind, and nothing is left running.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bench/kafka_process.h"
#include "core/ids.h"
#include "core/result.h"
#include "pipeline/kafka_reader.h"
#include "pipeline/options.h"

namespace driftcast::bench {

// The value, or Failure with the error's message.
template <class T>
T need(Result<T> result) {
  if (!result) throw Failure(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// What all scenarios can be told.
struct Common {
  std::string binary;             // the driftcast that is measured
  std::vector<std::string> sets;  // further settings of the job, "key=value"
  int partitions = 4;             // of every topic
};

// A real Kafka of one node. It ends with this process, however that ends.
class Broker {
 public:
  Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker();

  const std::string& address() const { return address_; }
  std::string path(const std::string& name) const { return dir_ + "/" + name; }  // thrown away with the broker

  void create_topic(const std::string& name, int partitions);
  void kill();   // by SIGKILL; nothing on disk is lost
  void start();  // again, at the same address

 private:
  std::string tool(const std::string& arguments) const;
  void clean();

  std::string dir_, address_;
};

// One job: group, output topics, changelog and state directory are its own; the input may be shared with others.
class Job {
 public:
  using Ends = std::map<Partition, Offset>;  // behind the last record of each partition

  // Makes the topics, also the input unless it is there.
  Job(Broker& broker, const Common& common, const std::string& input, std::vector<std::string> settings = {});

  const KafkaOptions& kafka() const { return kafka_; }
  const TopicOptions& topics() const { return topics_; }
  const std::string& state() const { return state_; }
  int partitions() const { return common_.partitions; }

  // Starts an instance; `to_end`: it ends when the input that is there now is done. One with a name is a static member
  // of the group, with a state directory of its own.
  std::unique_ptr<Process> start(bool to_end, const std::string& name = "") const;

  Ends ends_of_input() const;
  std::int64_t records_of_input() const;
  std::int64_t lag() const;               // records of the input that the group has not committed
  bool has_committed(const Ends&) const;  // all before these; asks the broker, a few milliseconds

 private:
  std::map<Partition, Offset> committed() const;

  const Common& common_;
  std::string name_;
  KafkaOptions kafka_;
  TopicOptions topics_;
  std::string state_;
  std::vector<std::string> settings_;
  KafkaReader reader_;  // joins no group; asks only
};

// Fills a topic by `driftcast generate`, with these further arguments.
void generate(const Broker& broker, const Common& common, const std::string& topic,
              const std::vector<std::string>& arguments);

// Every partition of the topic, from its end as it is now, or from its beginning.
enum class From { kBeginning, kEnd };
KafkaReader reader_of(const KafkaOptions& options, const std::string& topic, From from);

// Waits until the instance holds its partitions; returns when it did.
Clock::time_point await_partitions(const Process& instance);

}  // namespace driftcast::bench
