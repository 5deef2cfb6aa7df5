// World: a log in which everything happens that a partition can meet, made from a seed, and what is left in the end.
//
// The dials are small (steps of an hour, dormant after four), so that sessions, steps, silences, returns, evictions and
// drifts of both kinds happen within a thousand records.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/settings.h"
#include "models/model_set.h"
#include "pipeline/clock.h"
#include "pipeline/generator/random.h"
#include "pipeline/memory_log.h"
#include "pipeline/observer.h"
#include "state/mark.h"
#include "state/store.h"

namespace driftcast {

struct InputRecord {
  std::string key;
  std::optional<std::string> value;  // none: a tombstone
  std::optional<EventTime> timestamp;
  std::optional<Partition> partition;  // none: by key
};

// In one thread, one epoch for all, everything in memory: the simplest way to run.
Settings small_settings();

// The same in many epochs, of which few ship: what a crash loses is then never only the last epoch.
Settings many_epochs();

// An epoch for every record and every drained user, and all of them ship.
Settings epoch_for_everything();

// Other dials of the operators, at random, the ends of their ranges among them.
Settings with_random_dials(Settings settings, Random& random);

// How work is cut, at random: slice, epochs, shipments, cache. None of it may change an output.
Settings with_random_cuts(Settings settings, Random& random);

// A model with a small network of this seed that knows the horizons of the settings: as tests/support/some_model.h has them.
ModelSet models_with_network(const Settings& settings, std::uint64_t seed = 1);

// Records of a dozen users, mostly in order of time; the last ones close every partition.
std::vector<InputRecord> make_input(std::uint64_t seed, int records, int partitions);

// Events of so many users in partition 0, one each in the first hour, then one of another user in each of the next hours.
std::vector<InputRecord> make_crowd(int users, int hours);

void append(MemoryLog& log, std::span<const InputRecord> input);

// A clock that goes on by a fixed time whenever it is asked: paces depend on the work done, not on the machine.
class TickingClock final : public Clock {
 public:
  explicit TickingClock(std::int64_t tick_ms = 1) : tick_ms_(tick_ms) {}
  std::int64_t now_ms() const override { return now_.fetch_add(tick_ms_); }

 private:
  const std::int64_t tick_ms_;
  mutable std::atomic<std::int64_t> now_{0};
};

// Runs to the end of the input, with as many threads as the settings say. Returns the final counters.
Result<Counters> run_to_end(const Settings& settings, Log& log, Store& store, const ModelSet& models = default_models(),
                            Observer* observer = nullptr);

// Lets an instance take so many steps in one thread, or fewer when it is done before; then it is dropped: what it has
// not committed is lost. True: it was done.
Result<bool> run_steps(const Settings& settings, Log& log, Store& store, std::int64_t steps,
                       const ModelSet& models = default_models());

// The same, but in the end it is told to stop and finishes.
Result<void> run_and_stop(const Settings& settings, Log& log, Store& store, std::int64_t steps,
                          const ModelSet& models = default_models());

// What may not depend on how it came about, as lines: committed outputs of every partition, then what its store holds.
struct Outcome {
  std::vector<std::string> lines;
};
Outcome outcome_of(const MemoryLog& log, Store& store);

// Only what the store holds.
Outcome states_of(Store& store, int partitions);

// Empty when they are equal; else the first line that differs, in words.
std::string difference(const Outcome& expected, const Outcome& actual);

// The outcome of the simplest way.
Outcome outcome_of_one_run(std::span<const InputRecord> input, int partitions, const Settings& settings,
                           const ModelSet& models = default_models());

}  // namespace driftcast
