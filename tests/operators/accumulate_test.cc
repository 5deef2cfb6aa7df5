// Accumulate: counts of open steps, the window of recent ones, and the part of a feature row that follows from them.
#include "operators/accumulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::IsEmpty;

Event event_of(Kind kind, std::uint64_t category_hash, double amount = 0, float dwell_ms = 0) {
  Event event;
  event.kind = kind;
  event.category_hash = category_hash;
  event.amount = amount;
  event.dwell_ms = dwell_ms;
  return event;
}

std::vector<Step> numbers(const std::vector<OpenStep>& steps) {
  std::vector<Step> result;
  for (const OpenStep& step : steps) result.push_back(step.step);
  return result;
}

TEST(Accumulate, OpensStepsInOrderInWhateverOrderEventsCome) {
  std::vector<OpenStep> steps;
  for (const Step step : {5, 3, 4, 5, 3}) accumulate(steps, event_of(Kind::kView, 1), step);
  EXPECT_THAT(numbers(steps), ElementsAre(3, 4, 5));
  EXPECT_EQ(events_in(steps[0]), 2);
}

TEST(Accumulate, SumsWhatTheEventsOfAStepHaveInCommon) {
  std::vector<OpenStep> steps;
  accumulate(steps, event_of(Kind::kView, 1, 0, 1500), 0);
  accumulate(steps, event_of(Kind::kPurchase, 2, 30.5, 500), 0);
  accumulate(steps, event_of(Kind::kReturn, 2, -10.25), 0);
  const OpenStep& step = steps.front();
  EXPECT_THAT(step.kinds, ElementsAre(1, 0, 0, 1, 1, 0));
  EXPECT_EQ(step.dwell_s, 2);
  EXPECT_EQ(step.amount, 20.25);
  EXPECT_THAT(step.categories, ElementsAre(1, 2));
}

TEST(Accumulate, CountsDistinctCategoriesUpToABound) {
  std::vector<OpenStep> steps;
  for (std::uint64_t category = 0; category < 1000; ++category) accumulate(steps, event_of(Kind::kView, category), 0);
  EXPECT_EQ(steps.front().categories.size(), kDistinctMax);
  EXPECT_EQ(events_in(steps.front()), 1000);
}

TEST(Accumulate, AStepWithoutEventsIsTakenAsAnEmptyOne) {
  std::vector<OpenStep> steps;
  accumulate(steps, event_of(Kind::kView, 1), 4);
  EXPECT_EQ(events_in(take_step(steps, 3)), 0);
  EXPECT_THAT(numbers(steps), ElementsAre(4));
  EXPECT_EQ(events_in(take_step(steps, 4)), 1);
  EXPECT_THAT(steps, IsEmpty());
}

OpenStep step_with(std::int64_t views, std::int64_t purchases, float amount) {
  OpenStep step;
  step.kinds[static_cast<std::size_t>(Kind::kView)] = views;
  step.kinds[static_cast<std::size_t>(Kind::kPurchase)] = purchases;
  step.amount = amount;
  return step;
}

TEST(Accumulate, TheWindowHoldsTheNewestStepsFirst) {
  RecentSteps recent;
  for (const int views : {1, 2, 3, 4, 5, 6}) push_recent(recent, step_with(views, 0, 0), 0);
  EXPECT_THAT(recent.events, ElementsAre(6, 5, 4, 3, 2));
}

TEST(Accumulate, SkippedStepsEnterTheWindowAsEmptyOnes) {
  RecentSteps recent;
  for (const int views : {1, 2, 3, 4, 5}) push_recent(recent, step_with(views, 1, 2), 0);
  push_recent(recent, step_with(7, 0, 0), 2);
  EXPECT_THAT(recent.events, ElementsAre(7, 0, 0, 6, 5));
  EXPECT_THAT(recent.purchases, ElementsAre(0, 0, 0, 1, 1));
  push_recent(recent, step_with(8, 0, 0), 4'000'000'000U);
  EXPECT_THAT(recent.events, ElementsAre(8, 0, 0, 0, 0));
}

TEST(Accumulate, TheRowHoldsLogarithmsOfCountsAndSignedOnesOfMoney) {
  OpenStep step = step_with(3, 1, -7);
  step.sessions = 2;
  step.dwell_s = 9;
  step.categories = {1, 2};
  RecentSteps recent;
  push_recent(recent, step_with(6, 4, 27), 0);
  push_recent(recent, step, 0);
  FeatureRow row = count_features(step, recent);
  const auto log1p = [](double x) { return FloatEq(static_cast<float>(std::log1p(x))); };
  EXPECT_THAT(at(row, Feature::kViews), log1p(3));
  EXPECT_THAT(at(row, Feature::kPurchases), log1p(1));
  EXPECT_EQ(at(row, Feature::kCarts), 0);
  EXPECT_THAT(at(row, Feature::kSessions), log1p(2));
  EXPECT_THAT(at(row, Feature::kDwell), log1p(9));
  EXPECT_THAT(-at(row, Feature::kAmount), log1p(7));
  EXPECT_THAT(at(row, Feature::kCategories), log1p(2));
  EXPECT_THAT(at(row, Feature::kMeanEvents5), log1p((10 + 4) / 5.0));
  EXPECT_THAT(at(row, Feature::kMeanPurchases5), log1p(1));
  EXPECT_THAT(at(row, Feature::kMeanAmount5), log1p(4));
}

}  // namespace
}  // namespace driftcast
