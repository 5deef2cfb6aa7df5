// Crashes: an instance may die or fail at any moment, its successor too, and the store may have forgotten what was not
// flushed. All lives together publish what one uninterrupted run does.
//
// A failure names its seed; DRIFTCAST_SEED=<n> in the environment runs that one alone.
#include <gtest/gtest.h>

#include <cstdlib>

#include "pipeline/commit.h"
#include "state/memory_store.h"
#include "tests/pipeline/support/faults.h"
#include "tests/pipeline/support/world.h"

namespace driftcast {
namespace {

constexpr int kPartitions = 2;
constexpr int kRecords = 160;
constexpr std::uint64_t kWorlds = 8;

// So that within few records much happens: the world's hours pass three times as fast.
Settings crash_settings() {
  Settings settings = small_settings();
  settings.operators.time.step.width = std::chrono::minutes{20};
  return settings;
}

struct Case {
  std::vector<InputRecord> input;
  ModelSet models;
  Outcome expected;
};

// Every other one has a network.
const Case& case_of(std::uint64_t seed) {
  static const std::vector<Case> cases = [] {
    std::vector<Case> made;
    for (std::uint64_t world = 0; world < kWorlds; ++world) {
      auto input = make_input(100 + world, kRecords, kPartitions);
      auto models = world % 2 == 0 ? default_models() : models_with_network(crash_settings(), world);
      auto expected = outcome_of_one_run(input, kPartitions, crash_settings(), models);
      made.push_back({std::move(input), std::move(models), std::move(expected)});
    }
    return made;
  }();
  return cases[seed % kWorlds];
}

struct Seeds {
  std::uint64_t first, last;
};

Seeds seeds_to_run(std::uint64_t count) {
  const char* const one = std::getenv("DRIFTCAST_SEED");
  if (one == nullptr) return {1, count};
  const std::uint64_t seed = std::strtoull(one, nullptr, 10);
  return {seed, seed};
}

struct Life {
  Settings settings;
  const ModelSet& models;
};

// A partition on its way through lives and deaths.
class Saga {
 public:
  explicit Saga(std::uint64_t seed) : case_(case_of(seed)), random_(seed, 5), log_(kPartitions) {
    append(log_, case_.input);
  }

  // Whatever `live` does to an instance, several times over; then one that nothing happens to.
  template <class Live>
  std::string run(Live live) {
    for (int lives = random_.between(1, 5); lives > 0; --lives) {
      log_.new_instance();
      live({with_random_cuts(crash_settings(), random_), case_.models}, log_, store_, random_);
      forget();
    }
    log_.new_instance();
    const auto counters = run_to_end(with_random_cuts(crash_settings(), random_), log_, store_, case_.models);
    if (!counters) return counters.error().message;
    if (!adds_up(*counters)) return "the counters do not add up";
    return difference(case_.expected, outcome_of(log_, store_));
  }

 private:
  // What a dead process leaves of its store: everything, what was flushed (all or one partition), nothing.
  void forget() {
    const double chance = random_.unit();
    if (random_.chance(0.2)) store_.flush_one(static_cast<Partition>(random_.below(kPartitions)));
    if (chance < 0.3) (void)store_.flush();
    if (chance < 0.7) store_.lose_unflushed();
    if (chance > 0.95) (void)store_.drop(static_cast<Partition>(random_.below(kPartitions)));
    if (random_.chance(0.2)) log_.compact_changelog(static_cast<Partition>(random_.below(kPartitions)));
  }

  const Case& case_;
  Random random_;
  MemoryLog log_;
  MemoryStore store_;
};

// Runs to the end, or for some steps, through a log and a store that may be armed. Errors end a life like any death.
void live_with_faults(const Life& life, Log& log, Store& store, Random& random, Fault log_fault, Fault store_fault) {
  FaultLog faulty_log(log);
  FaultStore faulty_store(store);
  if (random.chance(0.6)) faulty_log.fuse.arm(random.between(1, 300), log_fault);
  if (random.chance(0.4)) faulty_store.fuse.arm(random.between(1, 60), store_fault);
  (void)run_steps(life.settings, faulty_log, faulty_store, random.chance(0.3) ? random.between(1, 100) : 1'000'000,
                  life.models);
}

#ifdef DRIFTCAST_KILL_POINTS

TEST(Crash, AtEveryNamedPointOfACommitLosesAndRepeatsNothing) {
  const auto [first, last] = seeds_to_run(1000);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const std::string wrong = Saga(seed).run([](const Life& life, Log& log, Store& store, Random& random) {
      const KillAt kill(static_cast<KillPoint>(random.below(kKillPointNames.size())), random.between(1, 12));
      try {
        (void)run_steps(life.settings, log, store, 1'000'000, life.models);
      } catch (const Killed&) {
      }
    });
    ASSERT_EQ(wrong, "") << "DRIFTCAST_SEED=" << seed;
  }
}

#endif

TEST(Crash, AtAnyCallOfLogOrStoreAlsoDuringRecoveryLosesAndRepeatsNothing) {
  const auto [first, last] = seeds_to_run(1000);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const std::string wrong = Saga(seed).run([](const Life& life, Log& log, Store& store, Random& random) {
      try {
        live_with_faults(life, log, store, random, random.chance(0.5) ? Fault::kKillBefore : Fault::kKillAfter,
                         random.chance(0.5) ? Fault::kKillBefore : Fault::kKillAfter);
      } catch (const Killed&) {
      }
    });
    ASSERT_EQ(wrong, "") << "DRIFTCAST_SEED=" << seed;
  }
}

// Also when the call that seems to have failed was done: a commit whose outcome is unknown.
TEST(Crash, ByAnErrorOfLogOrStoreLosesAndRepeatsNothing) {
  const auto [first, last] = seeds_to_run(600);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const std::string wrong = Saga(seed).run([](const Life& life, Log& log, Store& store, Random& random) {
      live_with_faults(life, log, store, random, random.chance(0.5) ? Fault::kFailBefore : Fault::kFailAfter,
                       random.chance(0.5) ? Fault::kFailBefore : Fault::kFailAfter);
    });
    ASSERT_EQ(wrong, "") << "DRIFTCAST_SEED=" << seed;
  }
}

TEST(Crash, OfTheFlowGraphByAnErrorLosesAndRepeatsNothing) {
  const auto [first, last] = seeds_to_run(300);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const std::string wrong = Saga(seed).run([](Life life, Log& log, Store& store, Random& random) {
      life.settings.pipeline.threads = random.between(2, 4);
      FaultLog faulty_log(log);
      FaultStore faulty_store(store);
      const Fault fault = random.chance(0.5) ? Fault::kFailBefore : Fault::kFailAfter;
      if (random.chance(0.7)) faulty_log.fuse.arm(random.between(1, 300), fault);
      if (random.chance(0.4)) faulty_store.fuse.arm(random.between(1, 60), fault);
      (void)run_to_end(life.settings, faulty_log, faulty_store, life.models);
    });
    ASSERT_EQ(wrong, "") << "DRIFTCAST_SEED=" << seed;
  }
}

// In the small, without chance: one death at every commit there is, at each of its points, with each kind of store.
#ifdef DRIFTCAST_KILL_POINTS

TEST(Crash, AtEveryPointOfEveryCommitOnceLosesAndRepeatsNothing) {
  const auto input = make_input(7, 40, 1);
  Settings settings = crash_settings();
  settings.pipeline.source.slice = 3;
  settings.pipeline.epoch = {Duration{0}, 1};
  settings.pipeline.changelog.interval = Duration{40};
  const Outcome expected = outcome_of_one_run(input, 1, settings);
  for (std::size_t point = 0; point < kKillPointNames.size(); ++point) {
    bool died = true;
    for (int pass = 1; died; ++pass) {
      for (const bool keeps : {true, false}) {
        MemoryLog log(1);
        MemoryStore store;
        append(log, input);
        try {
          const KillAt kill(static_cast<KillPoint>(point), pass);
          ASSERT_TRUE(run_to_end(settings, log, store));
          died = false;
        } catch (const Killed&) {
        }
        if (!keeps) store.lose_unflushed();
        log.new_instance();
        ASSERT_TRUE(run_to_end(settings, log, store));
        ASSERT_EQ(difference(expected, outcome_of(log, store)), "")
            << "killed at " << kKillPointNames[point] << ":" << pass << (keeps ? "" : ", the store forgot");
      }
    }
  }
}

#endif

}  // namespace
}  // namespace driftcast
