// Proof: events on the real broker, instances of the real program that work on them and are ill-treated, and what came of
// it: compared with a run in files on the same events.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/generator/random.h"
#include "tests/pipeline/support/child.h"
#include "tests/pipeline/support/kafka_broker.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {

// Records by topic, in order of their bytes, "key value" each; and a line per partition about its states.
using Observed = std::map<std::string, std::vector<std::string>>;

// What the first topic that differs has too much or too little; empty: nothing differs.
std::string difference(const Observed& expected, const Observed& actual);

// Events, one a line, and what a run in files makes of them.
class Evidence {
 public:
  // With late, duplicate and broken events. Both throw when it cannot be had.
  static Evidence generated(int events, int users, int days, std::uint64_t seed);
  // Of JSON Lines, plain or gzip.
  static Evidence recorded(const std::string& path);

  static constexpr int kPartitions = 4;

  const std::vector<NewRecord>& records() const { return records_; }  // the last ones close every partition
  const Observed& in_files() const { return in_files_; }

 private:
  explicit Evidence(const std::string& path);
  static std::vector<NewRecord> read(const std::string& path);

  std::vector<NewRecord> records_;
  Observed in_files_;
};

// A group of instances of its own, on an input topic of its own that receives the evidence.
class Scene {
 public:
  using Settings = std::vector<std::string>;  // "key=value"

  explicit Scene(const Evidence& evidence, Settings settings = {});
  ~Scene();

  // Begins to write the input, as evenly as can be over this time; waits for the end of it.
  void feed(std::chrono::milliseconds duration);
  void feed_share(double from, double to);  // of the input, at once
  bool feeding() const { return feeding_; }
  void await_feed();

  // Instances are known by their names. Each has a state directory of its own, which stays.
  void start(const std::string& name, const std::string& kill_at = "", const std::vector<std::string>& more = {});
  bool runs(const std::string& name);
  void send(const std::string& name, int signal);
  // Waits for its end: by SIGKILL, with 0, or fenced with 75; any other is a failure that shows what it has said.
  Ended wait(const std::string& name);
  void kill(const std::string& name);  // by SIGKILL, and waits
  void stop(const std::string& name);  // by SIGTERM, and waits; expects 0
  std::string talk(const std::string& name) const { return instances_.at(name)->talk(); }
  void forget_state(const std::string& name);

  // Waits for the input, stops who still runs, and lets one instance go on to the end of it. Returns what is there then.
  Observed settle();

  int killed() const { return killed_; }  // by SIGKILL, however it came

 private:
  std::vector<std::string> arguments_of(const std::string& name) const;
  std::string state_of(const std::string& name) const { return dir_.path("state-" + name); }
  void write(std::size_t from, std::size_t to);
  void check(const std::string& name, const Ended& ended);
  std::vector<std::string> newest_states() const;

  const Evidence& evidence_;
  Settings settings_;
  KafkaBroker& broker_;
  ScratchDir dir_;
  std::string prefix_;
  std::map<std::string, std::unique_ptr<Child>> instances_;  // that run
  std::set<std::string> names_;                              // of all there have been
  std::atomic<bool> feeding_{false};
  std::thread feeder_;
  int killed_ = 0;
};

}  // namespace driftcast
