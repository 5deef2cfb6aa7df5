// Close step: when forecasts are due, how users fall silent, become dormant and return, and what a closed step says.
#include "operators/close_step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "operators/accumulate.h"
#include "tests/operators/support/single_user.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<Step> published(const FoldOutputs& out) {
  std::vector<Step> result;
  for (const StepClosed& step : out.steps) {
    if (step.publish) result.push_back(step.step);
  }
  return result;
}

// The step after which the next forecast is promised at the latest.
std::vector<Step> next_promised(const FoldOutputs& out) {
  std::vector<Step> result;
  for (const StepClosed& step : out.steps) {
    if (step.publish) result.push_back(step.step + (step.valid_until - step.as_of) / std::chrono::days{1});
  }
  return result;
}

TEST(CloseStep, ForecastsAreDueAtSilencesOfNoneOneThreeSevenAndFourteenSteps) {
  SingleUser ann(plain_options());
  ann.take({600});
  ann.advance_to_minute(100 * kDay);
  EXPECT_THAT(published(ann.out), ElementsAre(0, 1, 3, 7, 14));
  EXPECT_THAT(ann.out.steps, SizeIs(15));
}

TEST(CloseStep, ADormantUserGetsOneLastForecastAndThenNothing) {
  OperatorOptions options = plain_options();
  options.time.dormant_after = 5;
  SingleUser ann(options);
  ann.take({600});
  ann.advance_to_minute(100 * kDay);
  EXPECT_THAT(published(ann.out), ElementsAre(0, 1, 3, 5));
  EXPECT_TRUE(ann.out.steps.back().dormant);
  EXPECT_FALSE(ann.out.steps[4].dormant);
  EXPECT_EQ(next_due(ann.state, options), kEndOfTime);
}

TEST(CloseStep, AForecastIsValidUntilTheNextOneIsDue) {
  SingleUser ann(plain_options());
  ann.take({600});
  ann.advance_to_minute(100 * kDay);
  EXPECT_THAT(next_promised(ann.out), ElementsAre(1, 3, 7, 14, 14 + 30));
}

// Of silent steps only some have a forecast and so a row; each says how long ago the last event was.
TEST(CloseStep, ARowSaysHowManyStepsWereEmptySinceTheLastEvent) {
  SingleUser ann(plain_options());
  ann.take({600});
  ann.take({600 + 6 * kDay});
  ann.advance_to_minute(8 * kDay);
  ASSERT_GE(ann.out.steps.size(), 7U);
  const auto empty = [&](std::size_t step) { return std::expm1(at(ann.out.steps[step].row, Feature::kGap)); };
  EXPECT_EQ(empty(0), 0);
  EXPECT_NEAR(empty(3), 3, 1e-6);
  EXPECT_FALSE(ann.out.steps[5].publish);
  EXPECT_NEAR(empty(6), 5, 1e-6) << "the step ends the silence";
}

TEST(CloseStep, WithAShortDormancyThePromisesEndThere) {
  OperatorOptions options = plain_options();
  options.time.dormant_after = 2;
  SingleUser ann(options);
  ann.take({600});
  ann.advance_to_minute(100 * kDay);
  EXPECT_THAT(published(ann.out), ElementsAre(0, 1, 2));
  EXPECT_THAT(next_promised(ann.out), ElementsAre(1, 2, 2 + 30));
}

TEST(CloseStep, OnReturnOneRowStandsForAllTheSkippedSteps) {
  SingleUser ann(plain_options());
  ann.take({600});
  ann.take({40 * kDay + 600});
  ann.advance_to_minute(41 * kDay);
  ASSERT_THAT(ann.out.steps, SizeIs(16));
  StepClosed& back = ann.out.steps.back();
  EXPECT_EQ(back.step, 40);
  EXPECT_EQ(back.gap, 25U);  // 1..14 were closed
  EXPECT_TRUE(back.returned);
  EXPECT_TRUE(back.publish);
  EXPECT_EQ(back.silence, 0U);
  EXPECT_EQ(back.count, 1);
  EXPECT_FLOAT_EQ(at(back.row, Feature::kGap), static_cast<float>(std::log1p(14 + 25)));
  EXPECT_FLOAT_EQ(at(back.row, Feature::kActiveSteps), static_cast<float>(std::log1p(2)));
  EXPECT_FLOAT_EQ(at(back.row, Feature::kMeanEvents5), static_cast<float>(std::log1p(0.2)));
  EXPECT_EQ(ann.state.experts.n, 41U);
  EXPECT_EQ(ann.state.arima.n, 41U);
}

TEST(CloseStep, OnlyTheFirstStepAfterDormancyIsAReturn) {
  SingleUser ann(plain_options());
  ann.take({600});
  for (const std::int64_t day : {40, 41, 43}) ann.take({day * kDay + 600});
  ann.advance_to_minute(44 * kDay);
  std::vector<std::pair<Step, bool>> steps;
  for (const StepClosed& step : ann.out.steps) steps.emplace_back(step.step, step.returned);
  steps.erase(steps.begin(), steps.begin() + 15);
  EXPECT_THAT(steps,
              ElementsAre(std::pair(40, true), std::pair(41, false), std::pair(42, false), std::pair(43, false)));
}

TEST(CloseStep, AReturnOverTwoStepsWithinTheLatenessClosesBothInOrder) {
  OperatorOptions options = plain_options();
  options.time.lateness = std::chrono::days{3};
  SingleUser ann(options);
  ann.take({600});
  ann.advance_to_minute(30 * kDay);
  for (const std::int64_t day : {41, 40, 42}) ann.take({day * kDay});
  ann.advance_to_minute(43 * kDay);
  ASSERT_THAT(ann.out.steps, SizeIs(18));
  EXPECT_EQ(ann.out.steps[15].step, 40);
  EXPECT_EQ(ann.out.steps[15].gap, 25U);
  EXPECT_EQ(ann.out.steps[16].gap, 0U);
  EXPECT_EQ(ann.out.steps[17].step, 42);
}

TEST(CloseStep, ACenturyOfAbsenceIsOneStep) {
  SingleUser ann(plain_options());
  ann.take({600});
  ann.take({100 * 365 * kDay});
  ann.advance_to_minute(100 * 365 * kDay + kDay);
  EXPECT_THAT(ann.out.steps, SizeIs(16));
  EXPECT_EQ(ann.out.steps.back().gap, 100U * 365 - 15);
  for (const float value : ann.out.steps.back().row) EXPECT_TRUE(std::isfinite(value));
}

TEST(CloseStep, TheStepTellsTheUsersHistory) {
  SingleUser ann(plain_options());
  ann.take({600});
  ann.take({2 * kDay});
  ann.advance_to_minute(3 * kDay);
  const StepClosed& last = ann.out.steps.back();
  EXPECT_EQ(last.user, "ann");
  EXPECT_EQ(last.events, 2);
  EXPECT_EQ(last.steps, 3);
  EXPECT_EQ(millis(last.first_seen), 600 * 60'000);
  EXPECT_NEAR(last.rate, (3 * (2.0 / 3) + 10 * 0.5) / 13, 1e-6);
}

TEST(CloseStep, EveryExpertSpeaksForEveryHorizon) {
  OperatorOptions options = plain_options();
  options.horizons = {1, 7, 30};
  SingleUser ann(options);
  for (std::int64_t day = 0; day < 20; ++day) {
    for (int i = 0; i < 3; ++i) ann.take({day * kDay + i * 60});
  }
  ann.advance_to_minute(20 * kDay);
  const StepClosed& last = ann.out.steps.back();
  for (std::size_t h = 0; h < 3; ++h) {
    for (const Expert expert :
         {Expert::kArima, Expert::kEwmaSlow, Expert::kEwmaFast, Expert::kSeasonal, Expert::kTsb}) {
      ASSERT_TRUE(last.volume[h].has(expert));
      EXPECT_NEAR(last.volume[h].mean[static_cast<std::size_t>(expert)] / (3.0 * options.horizons[h]), 1, 0.25)
          << name(expert) << " over " << options.horizons[h];
    }
    EXPECT_TRUE(last.volume[h].has(Expert::kSegment));
    EXPECT_FALSE(last.volume[h].has(Expert::kNetwork));
  }
  EXPECT_EQ(last.volume[3].available, 0);
}

TEST(CloseStep, SharesAreOrderedSumUpToOneAndLeaveSomethingToTheCrowd) {
  OperatorOptions options = plain_options();
  options.categories.top = 2;
  SingleUser ann(options);
  for (int i = 0; i < 60; ++i) ann.take({i * 60, i % 4 == 0 ? "music" : i % 10 == 1 ? "games" : "books"});
  ann.advance_to_minute(10 * kDay);
  const StepClosed& step = ann.out.steps[2];
  ASSERT_TRUE(step.publish);
  ASSERT_THAT(step.interests, SizeIs(2));
  EXPECT_EQ(step.interests[0].category, "books");
  EXPECT_EQ(step.interests[1].category, "music");
  EXPECT_NEAR(step.interests[0].share, 0.65, 0.1);
  EXPECT_FLOAT_EQ(step.interests[0].share + step.interests[1].share + step.other, 1);
}

TEST(CloseStep, WhatTheCrowdLikesIsOfferedToWhoHasNotTriedIt) {
  SingleUser ann(plain_options());
  for (int i = 0; i < 200; ++i) count_category(ann.population, "music", hash64("music"), i / 20);
  ann.take({600});
  ann.advance_to_minute(kDay);
  const StepClosed& first = ann.out.steps.front();
  ASSERT_THAT(first.interests, SizeIs(2));
  EXPECT_EQ(first.interests[1].category, "music");
  EXPECT_GT(first.interests[1].share, 0.3);
}

TEST(CloseStep, SharesAreWorkedOutOnlyWhenAForecastIsDue) {
  SingleUser ann(plain_options());
  ann.take({600});
  ann.advance_to_minute(20 * kDay);
  EXPECT_THAT(ann.out.steps[3].interests, SizeIs(1));
  EXPECT_THAT(ann.out.steps[4].interests, IsEmpty());
}

}  // namespace
}  // namespace driftcast
