// A feed of a live job: events as they happen, at a steady rate, and probes among them whose way through it is timed.
//
// A probe is a record that is no event: its bytes are the time at which it was written. The job refuses it and writes
// its bytes to the topic of dead letters, one to one. That is a fair probe of every output's latency: a dead letter
// passes poll, decode and fold in its turn among the events of its partition, waits with its parcel for infer and
// judge, and is visible when the transaction of its epoch is, as all outputs are.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bench/kafka_place.h"
#include "core/time.h"
#include "pipeline/generator/alias_table.h"
#include "pipeline/generator/catalogue.h"
#include "pipeline/generator/event_line.h"
#include "pipeline/generator/random.h"
#include "pipeline/kafka_writer.h"

namespace driftcast::bench {

// Views, clicks and purchases of many users, some much busier than others. Users have the names of `generate`.
class LiveEvents {
 public:
  explicit LiveEvents(std::uint32_t users);

  void next(EventTime at);
  const std::string& user() const { return user_; }
  const std::string& value() const { return value_; }

 private:
  Catalogue catalogue_;
  EventLine line_;
  AliasTable activity_;
  Random random_{1};
  std::size_t digits_;
  std::uint64_t count_ = 0;
  std::string user_, value_;
};

struct FeedOptions {
  double rate = 0;      // events a second
  double probes = 200;  // a second
  std::uint32_t users = 1'000'000;
};

// Writes in a thread of its own from the construction to the destruction.
class Feed {
 public:
  Feed(const Job& job, const FeedOptions& options);
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;
  ~Feed();

  // Neither writes nor fails while it is held; what was not written meanwhile never is.
  void hold(bool held) { held_ = held; }
  std::int64_t events() const { return events_; }  // written so far
  void check() const;                              // throws when it has failed

 private:
  void work();
  void write_until(double events, double probes);

  const FeedOptions options_;
  LiveEvents source_;
  std::unique_ptr<KafkaWriter> writer_;
  std::atomic<bool> held_{false}, over_{false};
  std::atomic<std::int64_t> events_{0}, probes_{0};
  mutable std::mutex mutex_;
  std::string failure_;
  std::thread thread_;
};

// Writes so many live events of so many users into the input, as fast as it goes.
void write_events(const Job& job, std::int64_t events, std::uint32_t users);

struct Probe {
  Partition partition = 0;
  Clock::time_point written, seen;
  std::int64_t produced_ms = 0;  // by the instance, in milliseconds since 1970
  double latency_ms() const { return 1e3 * seconds_between(written, seen); }
  bool is_timely() const { return latency_ms() < 1000; }  // of a job that has caught up
};

// Probes that have come out. A reader of committed records sees them.
class ProbeReader {
 public:
  // From the end of the dead letters as it is now.
  explicit ProbeReader(const Job& job);

  // The next one; none within this time.
  std::optional<Probe> next(std::chrono::milliseconds wait);
  // All that come within this time.
  std::vector<Probe> all(std::chrono::milliseconds length);
  // The first one of which this is true; throws when the instance ends before or it takes too long.
  Probe await(const std::function<bool(const Probe&)>& wanted, const Process& instance, std::chrono::seconds limit);
  // The same of each partition: the first one of which it is true, of the last partition to have one.
  Probe await_all(const std::function<bool(const Probe&)>& wanted, const Process& instance, std::chrono::seconds limit);

 private:
  int partitions_;
  KafkaReader reader_;
};

// Writes a probe with each of so many keys, so that every partition has some.
void write_probes(const Job& job, int keys);

}  // namespace driftcast::bench
