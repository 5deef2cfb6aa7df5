// A model changes where a clean stop has left the state: from there on its network goes on from states that are rebuilt
// out of the windows, and again no cut, crash or lost store may show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "operators/state_fields.h"
#include "state/codec.h"
#include "state/memory_store.h"
#include "tests/pipeline/support/world.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr int kPartitions = 2;
constexpr std::int64_t kStepsBefore = 600;  // of an instance
constexpr std::int64_t kStepsAfter = 60;    // fewer than would fill a window anew

// Steps of twenty minutes, so that windows are full when the model changes.
Settings quick_steps() {
  Settings settings = many_epochs();
  settings.operators.time.step.width = std::chrono::minutes{20};
  return settings;
}

const std::vector<InputRecord>& input() {
  static const std::vector<InputRecord> input = make_input(5, 1200, kPartitions);
  return input;
}

ModelSet old_models() { return models_with_network(quick_steps(), 1); }
ModelSet new_models() { return models_with_network(quick_steps(), 2); }

// A log and a store after a clean stop under the old model; the same whenever it is made.
struct Stopped {
  MemoryLog log{kPartitions};
  std::unique_ptr<MemoryStore> store = std::make_unique<MemoryStore>();

  explicit Stopped(const ModelSet& models = old_models()) {
    append(log, input());
    EXPECT_TRUE(run_and_stop(quick_steps(), log, *store, kStepsBefore, models));
    log.new_instance();
  }

  void lose_store() {
    store = std::make_unique<MemoryStore>();
    for (Partition p = 0; p < kPartitions; ++p) log.compact_changelog(p);
  }
};

using Windows = std::map<std::pair<Partition, std::string>, WindowState>;

Windows windows_of(Store& store) {
  Windows windows;
  for (Partition p = 0; p < kPartitions; ++p) {
    EXPECT_TRUE(store.scan(p, TableId::kWindows, [&](std::string_view key, std::string_view value) -> Result<void> {
      windows[{p, std::string(key)}] = decode_value<WindowState>(value).value();
      return {};
    }));
  }
  return windows;
}

// What the network carries of a user who had `before` when it came, and has `now`: the window with the first new row in
// it, replayed, then row by row.
std::vector<Half> rebuilt(const Network& network, const WindowState& before, const WindowState& now) {
  const StepGrid grid = quick_steps().operators.time.step;
  std::vector<FeatureRow> ring, rest;
  for (const WindowRow& row : before.rows) ring.push_back(expanded(row, grid));
  for (const WindowRow& row : now.rows) {
    if (!before.rows.empty() && row.step <= before.rows.back().step) continue;
    (rest.empty() && ring.size() == before.rows.size() ? ring : rest).push_back(expanded(row, grid));
  }
  EXPECT_LT(rest.size() + 1, kWindowRows) << "else rows are missing here";
  if (ring.size() > kWindowRows) ring.erase(ring.begin());
  std::vector<Half> carried(network.carried());
  const NetworkWindow window{ring, carried.data(), nullptr};
  network.replay({&window, 1});
  for (const FeatureRow& row : rest) {
    const NetworkStep step{&row, carried.data(), nullptr};
    network.step({&step, 1});
  }
  return carried;
}

// Calls with the windows, before and after, of users who have got new rows; says how many there are.
template <class Each>
int for_each_that_went_on(const Windows& before, const Windows& after, Each each) {
  int users = 0;
  for (const auto& [user, old] : before) {
    const WindowState& window = after.at(user);
    if (window.rows.back().step == old.rows.back().step) continue;
    ++users;
    each(user.second, old, window);
  }
  return users;
}

// By the model that is named in them.
std::map<std::string, int> forecasts_by_model(const MemoryLog& log) {
  std::map<std::string, int> forecasts;
  for (Partition p = 0; p < kPartitions; ++p) {
    for (const std::string& line : log.outputs(p)) {
      const std::size_t at = line.find(R"("model":{"id":")");
      if (at != std::string::npos) ++forecasts[line.substr(at + 15, line.find('"', at + 15) - at - 15)];
    }
  }
  return forecasts;
}

TEST(ModelChange, TheNewNetworkGoesOnFromStatesRebuiltOutOfTheWindows) {
  const ModelSet models = new_models();
  for (const bool lost : {false, true}) {
    Stopped stopped;
    const Windows before = windows_of(*stopped.store);
    if (lost) stopped.lose_store();
    ASSERT_TRUE(run_and_stop(quick_steps(), stopped.log, *stopped.store, kStepsAfter, models));
    int went_on = 0, full = 0;
    for (const auto& [user, window] : windows_of(*stopped.store)) {
      const auto found = before.find(user);
      const WindowState old = found == before.end() ? WindowState{} : found->second;
      if (window.rows.back().step == (old.rows.empty() ? Step{-1} : old.rows.back().step)) {
        EXPECT_EQ(window.network, old.network) << "nothing has happened to " << user.second;
        continue;
      }
      ++went_on;
      full += old.rows.size() == kWindowRows ? 1 : 0;
      EXPECT_EQ(window.network, models.network->hash());
      EXPECT_EQ(window.carried, rebuilt(*models.network, old, window)) << user.second << ", lost " << lost;
    }
    EXPECT_GT(went_on, 6);
    EXPECT_GT(full, 0) << "else no row has left a window";
  }
}

TEST(ModelChange, ForecastsGoOnUnderTheNameOfTheNewModel) {
  Stopped stopped;
  const auto before = forecasts_by_model(stopped.log);
  ASSERT_THAT(before, SizeIs(1));
  ASSERT_TRUE(run_to_end(quick_steps(), stopped.log, *stopped.store, new_models()));
  auto after = forecasts_by_model(stopped.log);
  EXPECT_GT(before.at("network-1"), 50);
  EXPECT_EQ(after["network-1"], before.at("network-1")) << "what is out stays as it is";
  EXPECT_GT(after["network-2"], 50);
}

// All lives but the first under the new model, each cut differently and dropped somewhere.
TEST(ModelChange, AfterItNoCutCrashOrLostStoreShows) {
  const ModelSet models = new_models();
  Stopped once;
  ASSERT_TRUE(run_to_end(quick_steps(), once.log, *once.store, models));
  const Outcome expected = outcome_of(once.log, *once.store);
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Random random(seed, 80);
    Stopped stopped;
    for (int lives = random.between(0, 3); lives >= 0; --lives) {
      if (random.chance(0.5)) stopped.lose_store();
      const Settings cuts = with_random_cuts(quick_steps(), random);
      ASSERT_TRUE(run_steps(cuts, stopped.log, *stopped.store, random.between(1, 150), models)) << "seed " << seed;
      stopped.log.new_instance();
    }
    Settings last = with_random_cuts(quick_steps(), random);
    last.pipeline.threads = random.between(1, 4);
    ASSERT_TRUE(run_to_end(last, stopped.log, *stopped.store, models)) << "seed " << seed;
    ASSERT_EQ(difference(expected, outcome_of(stopped.log, *stopped.store)), "") << "seed " << seed;
  }
}

TEST(ModelChange, AModelWithoutANetworkDropsWhatOneCarried) {
  Stopped stopped;
  const Windows before = windows_of(*stopped.store);
  ASSERT_TRUE(run_and_stop(quick_steps(), stopped.log, *stopped.store, kStepsAfter, default_models()));
  const auto expect_dropped = [](const std::string& user, const WindowState&, const WindowState& window) {
    EXPECT_EQ(window.network, 0U) << user;
    EXPECT_THAT(window.carried, testing::IsEmpty()) << user;
  };
  EXPECT_GT(for_each_that_went_on(before, windows_of(*stopped.store), expect_dropped), 6);
}

TEST(ModelChange, ANetworkBeginsWhereThereWasNone) {
  Stopped stopped(default_models());
  const Windows before = windows_of(*stopped.store);
  const ModelSet models = new_models();
  ASSERT_TRUE(run_and_stop(quick_steps(), stopped.log, *stopped.store, kStepsAfter, models));
  const auto expect_rebuilt = [&](const std::string& user, const WindowState& old, const WindowState& window) {
    EXPECT_EQ(window.carried, rebuilt(*models.network, old, window)) << user;
  };
  EXPECT_GT(for_each_that_went_on(before, windows_of(*stopped.store), expect_rebuilt), 6);
}

// The old network would have to compute again what it has published; the new one would say something else.
TEST(ModelChange, IsRefusedAfterACrashAndAllowedOnceTheOldModelHasBeenStopped) {
  MemoryLog log(kPartitions);
  MemoryStore store;
  append(log, input());
  ASSERT_TRUE(run_steps(quick_steps(), log, store, kStepsBefore, old_models()));
  log.new_instance();
  const auto refused = run_to_end(quick_steps(), log, store, new_models());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConfig);
  EXPECT_THAT(refused.error().message, HasSubstr("another model"));
  log.new_instance();
  ASSERT_TRUE(run_and_stop(quick_steps(), log, store, kStepsAfter, old_models()));
  log.new_instance();
  EXPECT_TRUE(run_to_end(quick_steps(), log, store, new_models()));
}

}  // namespace
}  // namespace driftcast
