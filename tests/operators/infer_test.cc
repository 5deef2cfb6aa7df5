// Infer: what comes of a user's steps is what comes of them one at a time, whoever else is in the slice.
#include "operators/infer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cmath>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <tuple>

#include "models/cpu_network.h"
#include "tests/support/counted_network.h"
#include "tests/support/some_network.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using State = std::vector<Half>;

constexpr std::array kHorizons = {2, 5, 12};
constexpr StepGrid kGrid{std::chrono::hours{1}};

const Network& network(std::uint64_t seed = 1) {
  static std::map<std::uint64_t, std::unique_ptr<Network>> networks;
  auto& found = networks[seed];
  if (!found) found = std::move(cpu_network(some_network(8, 2, {2, 5, 12}, seed), kHorizons)).value();
  return *found;
}

auto content(const NetForecast& forecast) {
  return std::tuple(forecast.volume, forecast.purchase, forecast.churn, forecast.shares, forecast.available,
                    forecast.purchases);
}

bool same(const std::optional<NetForecast>& a, const std::optional<NetForecast>& b) {
  return a.has_value() == b.has_value() && (!a || content(*a) == content(*b));
}

bool same(const WindowRow& a, const WindowRow& b) { return a.step == b.step && a.values == b.values; }

StepClosed step_closed(Step step, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0, 2);
  StepClosed closed;
  closed.step = step;
  closed.publish = true;
  for (float& value : closed.row) value = std::abs(normal(random));
  const auto [sine, cosine] = place_in_season(kGrid.season(step));
  at(closed.row, Feature::kSeasonSin) = sine;
  at(closed.row, Feature::kSeasonCos) = cosine;
  return closed;
}

std::vector<StepClosed> steps_closed(int count, Step first = 0) {
  std::vector<StepClosed> steps;
  for (int i = 0; i < count; ++i) steps.push_back(step_closed(first + i, 100 + static_cast<std::uint64_t>(first + i)));
  return steps;
}

void infer(InferBatch& batch, WindowState& window, std::vector<StepClosed>& slice) {
  for (StepClosed& closed : slice) batch.add(window, closed);
  batch.run();
}

// The row as it is stored and read again, from the step as it was closed.
FeatureRow as_stored(const StepClosed& closed) {
  FeatureRow row = closed.row;
  for (std::size_t f = 0; f < kStoredFeatures; ++f) row[f] = to_float(from_float(row[f]));
  return row;
}

// A user's steps, one at a time: no batch, no rounds, all rows kept.
class Twin {
 public:
  std::vector<StepClosed> steps;
  State carried;

  std::optional<NetForecast> take(const Network& network, const StepClosed& closed) {
    steps.push_back(closed);
    const std::size_t rebuilt = std::min(steps.size(), kWindowRows);
    const bool goes_on = of_ == &network;
    if (!goes_on) carried.assign(network.carried(), Half{});
    of_ = &network;
    NetForecast forecast;
    for (std::size_t i = steps.size() - (goes_on ? 1 : rebuilt); i < steps.size(); ++i) {
      const FeatureRow row = as_stored(steps[i]);
      const NetworkStep step{&row, carried.data(), &forecast};
      network.step({&step, 1});
    }
    return forecast;
  }

 private:
  const Network* of_ = nullptr;  // that `carried` is of
};

bool same_window(const WindowState& window, const Twin& twin) {
  const std::size_t rows = std::min(twin.steps.size(), kWindowRows);
  if (window.rows.size() != rows || window.carried != twin.carried) return false;
  const std::size_t first = twin.steps.size() - rows;
  for (std::size_t i = 0; i < rows; ++i) {
    if (!same(window.rows[i], row_of(twin.steps[first + i]))) return false;
  }
  return true;
}

TEST(Infer, SeveralStepsOfAUserInASliceAreTakenOldestFirst) {
  std::vector<StepClosed> slice = steps_closed(5);
  WindowState window;
  InferBatch batch(&network(), kGrid);
  infer(batch, window, slice);
  Twin twin;
  for (const StepClosed& closed : slice) EXPECT_TRUE(same(closed.net, twin.take(network(), closed))) << closed.step;
  EXPECT_TRUE(same_window(window, twin));
  EXPECT_EQ(window.network, network().hash());
}

TEST(Infer, TheForecastsOfAUserDifferFromStepToStep) {
  const StepClosed same_row = step_closed(0, 1);
  std::vector<StepClosed> slice(3, same_row);
  WindowState window;
  InferBatch batch(&network(), kGrid);
  infer(batch, window, slice);
  EXPECT_FALSE(same(slice[0].net, slice[1].net)) << "what is carried counts";
  EXPECT_FALSE(same(slice[1].net, slice[2].net));
}

TEST(Infer, AnotherNetworkRebuildsItsStateFromTheWindowTheNewRowIncluded) {
  for (const int before : {1, 20, 31, 32, 50}) {
    WindowState window;
    std::vector<StepClosed> old = steps_closed(before), now = steps_closed(1, before);
    InferBatch first(&network(1), kGrid), second(&network(2), kGrid);
    infer(first, window, old);
    infer(second, window, now);

    std::vector<FeatureRow> rows;
    for (const WindowRow& row : window.rows) rows.push_back(expanded(row, kGrid));
    EXPECT_EQ(rows.back(), as_stored(now[0]));
    State carried(network(2).carried());
    NetForecast forecast;
    const NetworkWindow rebuilt{rows, carried.data(), &forecast};
    network(2).replay({&rebuilt, 1});
    EXPECT_EQ(window.carried, carried) << before;
    EXPECT_TRUE(same(now[0].net, forecast)) << before;
    EXPECT_EQ(window.network, network(2).hash());
  }
}

TEST(Infer, AfterARebuildTheOtherStepsOfTheSliceGoOn) {
  WindowState window;
  std::vector<StepClosed> old = steps_closed(10), now = steps_closed(4, 10);
  InferBatch first(&network(1), kGrid), second(&network(2), kGrid);
  infer(first, window, old);
  infer(second, window, now);
  Twin twin;
  for (const StepClosed& closed : old) twin.take(network(1), closed);
  for (const StepClosed& closed : now) EXPECT_TRUE(same(closed.net, twin.take(network(2), closed))) << closed.step;
  EXPECT_TRUE(same_window(window, twin));
}

TEST(Infer, ARebuildIsDoneOnce) {
  WindowState window;
  std::vector<StepClosed> old = steps_closed(40), now = steps_closed(40, 40);
  InferBatch first(&network(1), kGrid), second(&network(2), kGrid);
  infer(first, window, old);
  Twin twin;
  for (const StepClosed& closed : old) twin.take(network(1), closed);
  for (StepClosed& closed : now) {
    second.add(window, closed);
    second.run();
    ASSERT_TRUE(same(closed.net, twin.take(network(2), closed))) << closed.step;
  }
}

// Else it would give the same and be many times as slow.
TEST(Infer, TheUsersOfASliceTakeTheirStepsTogether) {
  const CountedNetwork counted(network());
  InferBatch batch(&counted, kGrid);
  std::deque<WindowState> windows(10);
  for (Step first : {0, 3, 6}) {
    std::vector<std::vector<StepClosed>> steps(windows.size(), steps_closed(3, first));
    for (std::size_t user = 0; user < windows.size(); ++user) {
      for (std::size_t i = 0; i < (user < 4 ? 3 : 1); ++i) batch.add(windows[user], steps[user][i]);
    }
    batch.run();
  }
  EXPECT_THAT(counted.replays, ElementsAre(10)) << "the first step of new users is a window of one row";
  EXPECT_THAT(counted.steps, ElementsAre(4, 4, 10, 4, 4, 10, 4, 4));
}

TEST(Infer, WithoutANetworkOnlyTheWindowGrowsAndWhatOneCarriedIsDropped) {
  WindowState window;
  std::vector<StepClosed> with = steps_closed(3), without = steps_closed(2, 3);
  InferBatch first(&network(), kGrid), second(nullptr, kGrid);
  infer(first, window, with);
  ASSERT_EQ(window.carried.size(), network().carried());
  infer(second, window, without);
  EXPECT_EQ(window.rows.size(), 5U);
  EXPECT_THAT(window.carried, IsEmpty());
  EXPECT_EQ(window.network, 0U);
  for (const StepClosed& closed : without) EXPECT_FALSE(closed.net);
}

// Else what a restart rebuilds from the window would differ from what was computed before it.
TEST(Infer, TheNetworkSeesTheRowAsItIsStored) {
  const StepClosed closed = step_closed(0, 1);
  ASSERT_NE(as_stored(closed), closed.row);
  std::vector<StepClosed> slice = {closed};
  WindowState window;
  InferBatch batch(&network(), kGrid);
  infer(batch, window, slice);
  State carried(network().carried());
  NetForecast unrounded;
  const NetworkStep step{&closed.row, carried.data(), &unrounded};
  network().step({&step, 1});
  EXPECT_FALSE(same(slice[0].net, unrounded));
  EXPECT_TRUE(same(slice[0].net, Twin().take(network(), closed)));
}

TEST(Infer, TheRowAfterStepsWithoutOneTellsTheNetworkHowManyThereWere) {
  StepClosed returned = step_closed(40, 2);
  const auto after_gap = [&](double gap) {
    at(returned.row, Feature::kGap) = static_cast<float>(std::log1p(gap));
    std::vector<StepClosed> slice = {step_closed(3, 1), returned};
    WindowState window;
    InferBatch batch(&network(), kGrid);
    infer(batch, window, slice);
    return window;
  };
  const WindowState window = after_gap(36);
  ASSERT_EQ(window.rows.size(), 2U);
  FeatureRow kept = expanded(window.rows[1], kGrid);
  EXPECT_EQ(at(kept, Feature::kGap), to_float(from_float(std::log1p(36.0F))));
  EXPECT_NE(window.carried, after_gap(5).carried);
}

struct User {
  WindowState window;
  Twin twin;
  Step next = 0;
};

// A user's next step with a row: often after some of silence, now and then after a dormancy.
StepClosed next_step(User& user) {
  const Step gap = *rc::gen::weightedElement<Step>({{6, 0}, {3, 3}, {1, 20}});
  StepClosed closed = step_closed(user.next + gap, *rc::gen::arbitrary<std::uint64_t>());
  at(closed.row, Feature::kGap) = static_cast<float>(std::log1p(static_cast<double>(gap)));
  user.next = closed.step + 1;
  return closed;
}

// One batch for all slices; in the middle, perhaps, the network becomes another one.
RC_GTEST_PROP(InferTwin, HoweverStepsAreSlicedEachUserIsAsIfAlone, ()) {
  std::deque<User> users(*rc::gen::inRange<std::size_t>(1, 30));
  const int slices = *rc::gen::inRange(1, 12);
  const int change = *rc::gen::inRange(0, 24);  // often never
  InferBatch before(&network(1), kGrid), after(&network(2), kGrid);
  for (int number = 0; number < slices; ++number) {
    const bool changed = number >= change;
    std::vector<std::pair<User*, StepClosed>> slice;
    for (int left = *rc::gen::inRange(0, 120); left > 0; --left) {
      User& user = users[*rc::gen::inRange<std::size_t>(0, users.size())];
      slice.emplace_back(&user, next_step(user));
    }
    InferBatch& batch = changed ? after : before;
    for (auto& [user, closed] : slice) batch.add(user->window, closed);
    batch.run();
    for (const auto& [user, closed] : slice) {
      RC_ASSERT(same(closed.net, user->twin.take(network(changed ? 2 : 1), closed)));
    }
    for (const User& user : users) RC_ASSERT(same_window(user.window, user.twin));
  }
}

// As after an eviction or a restart: what a window remembers of the batch it was in is not stored.
RC_GTEST_PROP(InferTwin, WindowsThatWereAwayBetweenTwoSlicesGoOn, ()) {
  User user;
  InferBatch batch(&network(), kGrid);
  for (int slices = *rc::gen::inRange(1, 20); slices > 0; --slices) {
    std::vector<StepClosed> slice;
    for (int left = *rc::gen::inRange(1, 4); left > 0; --left) slice.push_back(next_step(user));
    if (*rc::gen::arbitrary<bool>()) user.window.rounds = {};
    infer(batch, user.window, slice);
    for (const StepClosed& closed : slice) RC_ASSERT(same(closed.net, user.twin.take(network(), closed)));
  }
  RC_ASSERT(same_window(user.window, user.twin));
}

}  // namespace
}  // namespace driftcast
