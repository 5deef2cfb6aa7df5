// The prime law: what a partition publishes and remembers follows from its log, the configuration and the models alone.
//
// No slice, epoch, shipment, cache, thread or restart may show in a single byte of the outputs, the stored states or the
// counters. Every test here runs one log in two ways and compares all of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <tuple>

#include "core/hash.h"
#include "state/memory_store.h"
#include "state/rocksdb_store.h"
#include "tests/pipeline/support/world.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using std::chrono::seconds;
using testing::Each;
using testing::Gt;
using testing::IsSupersetOf;

constexpr int kPartitions = 3;
constexpr int kRecords = 1500;
constexpr std::array<std::uint64_t, 4> kSeeds = {1, 2, 3, 14};  // 14: drifts confirmed before a first label

enum class Serving { kPriors, kNetwork };

const ModelSet& models_of(Serving serving) {
  static const ModelSet with_network = models_with_network(small_settings());
  return serving == Serving::kPriors ? default_models() : with_network;
}

struct Case {
  std::vector<InputRecord> input;
  Outcome expected;
};

// Made once.
const Case& case_of(std::uint64_t seed, Serving serving) {
  static std::map<std::pair<std::uint64_t, Serving>, Case> cases;
  const auto found = cases.find({seed, serving});
  if (found != cases.end()) return found->second;
  auto input = make_input(seed, kRecords, kPartitions);
  auto expected = outcome_of_one_run(input, kPartitions, small_settings(), models_of(serving));
  return cases.emplace(std::pair(seed, serving), Case{std::move(input), std::move(expected)}).first->second;
}

// Runs every seed's log to its end under these settings, and says what differs from the simplest way.
std::string difference_under(const Settings& settings, Serving serving) {
  for (const std::uint64_t seed : kSeeds) {
    MemoryLog log(kPartitions);
    MemoryStore store;
    append(log, case_of(seed, serving).input);
    const auto counters = run_to_end(settings, log, store, models_of(serving));
    if (!counters) return counters.error().message;
    const std::string differs = difference(case_of(seed, serving).expected, outcome_of(log, store));
    if (!differs.empty()) return "seed " + std::to_string(seed) + ", " + differs;
  }
  return "";
}

struct Way {
  const char* name;
  void (*set)(Settings&);
};

void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

void epoch_of_one_record(Settings& settings) {
  settings.pipeline.source.slice = 1;
  settings.pipeline.epoch = {Duration{0}, 1};
}

void slices_of_seven(Settings& settings) {
  settings.pipeline.source.slice = 7;
  settings.pipeline.epoch = {Duration{5}, 2000};
}

// clang-format off
const Way kWays[] = {
    {"SlicesOfOne", [](Settings& s) { s.pipeline.source.slice = 1; }},
    {"SlicesOfSeven", [](Settings& s) { s.pipeline.source.slice = 7; }},
    {"SlicesOfTenThousand", [](Settings& s) { s.pipeline.source.slice = 10'000; }},
    {"EpochsOfOneRecord", epoch_of_one_record},
    {"EpochsOfOneRecordThatAllShip", [](Settings& s) { epoch_of_one_record(s); s.pipeline.changelog.interval = Duration{0}; }},
    {"EpochsBetweenShipments", [](Settings& s) { slices_of_seven(s); s.pipeline.changelog.interval = seconds{10}; }},
    {"ShipmentsByTheirBytes", [](Settings& s) { slices_of_seven(s); s.pipeline.changelog.bytes = 10'000; }},
    {"CacheOfNothing", [](Settings& s) { slices_of_seven(s); s.state.cache_bytes = 1; }},
    {"CacheOfAFewUsers", [](Settings& s) { slices_of_seven(s); s.state.cache_bytes = 64 << 10; }},
    {"CacheOfNothingInEpochsOfOneRecord", [](Settings& s) { epoch_of_one_record(s); s.state.cache_bytes = 1; }},
    {"GraphWithTwoThreads", [](Settings& s) { s.pipeline.threads = 2; }},
    {"GraphWithFourThreads", [](Settings& s) { s.pipeline.threads = 4; }},
    {"GraphWithTwoThreadsInSmallEpochs", [](Settings& s) { slices_of_seven(s); s.pipeline.threads = 2; }},
    {"GraphWithFourThreadsAndNoCache", [](Settings& s) { slices_of_seven(s); s.pipeline.threads = 4; s.state.cache_bytes = 1; }},
    {"GraphWithFourThreadsInEpochsOfOneRecord", [](Settings& s) { epoch_of_one_record(s); s.pipeline.threads = 4; }},
};
// clang-format on

class PrimeLaw : public testing::TestWithParam<std::tuple<Way, Serving>> {};

TEST_P(PrimeLaw, GivesTheSameBytes) {
  const auto& [way, serving] = GetParam();
  Settings settings = small_settings();
  way.set(settings);
  EXPECT_EQ(difference_under(settings, serving), "");
}

constexpr auto kBoth = {Serving::kPriors, Serving::kNetwork};

template <class T>
std::string name_of(const testing::TestParamInfo<std::tuple<T, Serving>>& info) {
  return std::string(std::get<0>(info.param).name) +
         (std::get<1>(info.param) == Serving::kNetwork ? "AndANetwork" : "");
}

INSTANTIATE_TEST_SUITE_P(With, PrimeLaw, testing::Combine(testing::ValuesIn(kWays), testing::ValuesIn(kBoth)),
                         name_of<Way>);

TEST(PrimeLawOnDisk, GivesTheSameBytesWithRocksDbAndNoCache) {
  const ScratchDir dir;
  Settings settings = small_settings();
  slices_of_seven(settings);
  settings.state.cache_bytes = 1;
  auto store = RocksDbStore::open(dir.path("store"), settings.state);
  ASSERT_TRUE(store);
  MemoryLog log(kPartitions);
  const Case& expected = case_of(1, Serving::kNetwork);
  append(log, expected.input);
  ASSERT_TRUE(run_to_end(settings, log, **store, models_of(Serving::kNetwork)));
  EXPECT_EQ(difference(expected.expected, outcome_of(log, **store)), "");
}

// How the store is found by the next instance.
enum class Found { kAsItWas, kOlder, kEmpty, kEmptyAndTheChangelogCompacted };

// Many lives, each cut differently, until the end is reached; between two of them the store may lose something.
std::string difference_after_restarts(std::uint64_t seed, Found found, bool clean, Serving serving) {
  const Case& expected = case_of(kSeeds[seed % kSeeds.size()], serving);
  const ModelSet& models = models_of(serving);
  Random random(seed, 77);
  MemoryLog log(kPartitions);
  auto store = std::make_unique<MemoryStore>();
  append(log, expected.input);
  for (bool done = false; !done;) {
    const Settings settings = with_random_cuts(small_settings(), random);
    const int most = 3 * kRecords / settings.pipeline.source.slice + 20;
    const std::int64_t steps = random.between(1, most);
    log.new_instance();
    if (clean) {
      const auto stopped = run_and_stop(settings, log, *store, steps, models);
      if (!stopped) return stopped.error().message;
      const auto ended = run_steps(settings, log, *store, 0, models);
      if (!ended) return ended.error().message;
      done = random.chance(0.2);
    } else {
      const auto ended = run_steps(settings, log, *store, steps, models);
      if (!ended) return ended.error().message;
      done = *ended;
    }
    if (random.chance(0.4) && !store->flush()) return "cannot flush";
    if (found == Found::kOlder) store->lose_unflushed();
    if (found == Found::kEmpty || found == Found::kEmptyAndTheChangelogCompacted)
      store = std::make_unique<MemoryStore>();
    if (found != Found::kEmptyAndTheChangelogCompacted) continue;
    for (Partition p = 0; p < kPartitions; ++p) log.compact_changelog(p);
  }
  log.new_instance();
  const auto counters = run_to_end(small_settings(), log, *store, models);
  if (!counters) return counters.error().message;
  return difference(expected.expected, outcome_of(log, *store));
}

struct Restart {
  const char* name;
  Found found;
  bool clean;
};

void PrintTo(const Restart& restart, std::ostream* out) { *out << restart.name; }

class PrimeLawAfterRestarts : public testing::TestWithParam<std::tuple<Restart, Serving>> {};

TEST_P(PrimeLawAfterRestarts, GivesTheSameBytes) {
  const auto& [restart, serving] = GetParam();
  const std::uint64_t seeds = serving == Serving::kPriors ? 25 : 12;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    ASSERT_EQ(difference_after_restarts(seed, restart.found, restart.clean, serving), "") << "seed " << seed;
  }
}

const Restart kRestarts[] = {
    {"Stopped", Found::kAsItWas, true},
    {"StoppedAndTheStoreIsLost", Found::kEmpty, true},
    {"Dropped", Found::kAsItWas, false},
    {"DroppedAndTheStoreIsOlder", Found::kOlder, false},
    {"DroppedAndTheStoreIsLost", Found::kEmpty, false},
    {"DroppedAndAllButTheCompactedChangelogIsLost", Found::kEmptyAndTheChangelogCompacted, false}};

INSTANTIATE_TEST_SUITE_P(When, PrimeLawAfterRestarts,
                         testing::Combine(testing::ValuesIn(kRestarts), testing::ValuesIn(kBoth)), name_of<Restart>);

TEST(PrimeLawUnderOtherDials, GivesTheSameBytes) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    Random random(seed, 79);
    const Settings dials = with_random_dials(small_settings(), random);
    const ModelSet models = seed % 2 == 0 ? default_models() : models_with_network(dials, seed);
    const auto input = make_input(seed, 400, kPartitions);
    MemoryLog log(kPartitions);
    MemoryStore store;
    append(log, input);
    for (int lives = 0; lives < 3; ++lives) {
      log.new_instance();
      ASSERT_TRUE(run_steps(with_random_cuts(dials, random), log, store, random.between(1, 200), models))
          << "seed " << seed;
    }
    log.new_instance();
    ASSERT_TRUE(run_to_end(with_random_cuts(dials, random), log, store, models)) << "seed " << seed;
    ASSERT_EQ(difference(outcome_of_one_run(input, kPartitions, dials, models), outcome_of(log, store)), "")
        << "seed " << seed;
  }
}

// A topic never ends: instances find more records each time they look.
TEST(PrimeLawOfALiveLog, GivesTheSameBytesWhenTheInputComesInPieces) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Serving serving = seed % 2 == 0 ? Serving::kPriors : Serving::kNetwork;
    const Case& expected = case_of(kSeeds[seed % kSeeds.size()], serving);
    Random random(seed, 78);
    MemoryLog log(kPartitions);
    MemoryStore store;
    std::span<const InputRecord> rest = expected.input;
    while (!rest.empty()) {
      const std::size_t piece = std::min<std::size_t>(rest.size(), 1 + random.below(300));
      append(log, rest.first(piece));
      rest = rest.subspan(piece);
      log.new_instance();
      ASSERT_TRUE(run_to_end(with_random_cuts(small_settings(), random), log, store, models_of(serving)));
    }
    ASSERT_EQ(difference(expected.expected, outcome_of(log, store)), "") << "seed " << seed;
  }
}

// Otherwise all of the above would hold for a log in which nothing happens.
TEST(World, HasEverythingInIt) {
  MemoryLog log(kPartitions);
  MemoryStore store;
  append(log, case_of(1, Serving::kNetwork).input);
  const auto counters = run_to_end(small_settings(), log, store, models_of(Serving::kNetwork));
  ASSERT_TRUE(counters);
  EXPECT_THAT(*counters, Each(Gt(0)));
  std::set<std::string> seen;
  const char* const signs[] = {R"("kind":"mix","stage":"alarm")",
                               R"("kind":"mix","stage":"confirmed")",
                               R"("kind":"volume","stage":"alarm")",
                               R"("kind":"volume","stage":"confirmed")",
                               R"("dormant")",
                               R"("returned")",
                               R"("capped")",
                               R"("basis":"cold")",
                               R"("basis":"warm")",
                               R"("__other__")",
                               R"("purchase":)",
                               R"("churn":)",
                               R"("lstm":)",
                               "future_timestamp",
                               "syntax",
                               "late u"};
  for (Partition p = 0; p < kPartitions; ++p) {
    for (const std::string& line : log.outputs(p)) {
      for (const char* sign : signs) {
        if (line.find(sign) != std::string::npos) seen.insert(sign);
      }
    }
  }
  EXPECT_THAT(seen, IsSupersetOf(signs));
}

// Models of this test's own: the shipped ones may change, and have a hash to say so.
ModelSet steadfast_models() {
  ModelSet models;
  models.id = "steadfast";
  for (std::size_t s = 0; s < kSegments; ++s) {
    ModelSet::Segment& segment = models.segments[s];
    segment.below = s + 1 < kSegments ? static_cast<double>(1U << s) / 4 : 1e9;
    segment.mean = segment.below / 2;
    for (ExpertForecasts& weights : segment.weights) weights = {0.4F, 0.1F, 0.1F, 0.1F, 0.1F, 0.2F, 0};
  }
  seal(models);
  return models;
}

// Of all outputs.
std::uint64_t digest_under(const ModelSet& models) {
  MemoryLog log(kPartitions);
  MemoryStore store;
  append(log, case_of(1, Serving::kPriors).input);
  EXPECT_TRUE(run_to_end(small_settings(), log, store, models));
  std::uint64_t digest = 0;
  for (Partition p = 0; p < kPartitions; ++p) {
    for (const std::string& line : log.outputs(p)) digest = hash64(line, digest);
  }
  return digest;
}

// Changes when, and only when, the same log, settings and models give other outputs than before. When that is meant: raise
// kSemantics in config/fields.h, so that states of the old kind are refused, and put here the number that was found.
TEST(Semantics, AreThoseThatTheNumberInTheConfigurationHashStandsFor) {
  EXPECT_EQ(digest_under(steadfast_models()), 1362037164706209970ULL);
}

TEST(Semantics, OfANetworkAreThoseThatTheNumberInTheConfigurationHashStandsFor) {
  ModelSet models = models_with_network(small_settings());
  models.segments = steadfast_models().segments;
  seal(models);
  EXPECT_EQ(digest_under(models), 10061813052292368580ULL);
}

}  // namespace
}  // namespace driftcast
