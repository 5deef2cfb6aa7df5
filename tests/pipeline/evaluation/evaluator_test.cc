// What counts as the outcome of a forecast, also for users who never come again.
#include "pipeline/evaluation/evaluator.h"

#include <gtest/gtest.h>

#include <array>

namespace driftcast {
namespace {

constexpr int kHorizon = 3;

StepClosed closed(const char* user, Step step, std::int64_t count) {
  StepClosed result;
  result.user = user;
  result.step = step;
  result.count = count;
  return result;
}

Forecast forecast_of(double mean) {
  Forecast forecast;
  HorizonForecast& horizon = forecast.horizons.emplace_back();
  horizon.steps = kHorizon;
  horizon.mean = mean;
  horizon.lo = 0;
  horizon.hi = 1;
  return forecast;
}

class EvaluatorTest : public testing::Test {
 protected:
  // A step without outcomes, after which so many events are forecast.
  void step(const char* user, Step step, std::int64_t count, double mean) {
    evaluator_.judged(closed(user, step, count), {}, forecast_of(mean));
  }
  ColumnScore joint() const {
    ColumnScore sum;
    for (const HorizonScore& score : evaluator_.evaluation().scores[0]) {
      sum.absolute += score.columns[0].absolute;
      sum.count += score.columns[0].count;
    }
    return sum;
  }
  IntervalScore interval() const {
    IntervalScore sum;
    for (const HorizonScore& score : evaluator_.evaluation().scores[0]) {
      sum.covered += score.all.covered;
      sum.count += score.all.count;
    }
    return sum;
  }

  Evaluator evaluator_{{kHorizon}, default_models()};
};

TEST_F(EvaluatorTest, AnOutcomeThatJudgeTellsIsScoredOnce) {
  step("ann", 1, 2, 5);
  PendingForecast pending;
  pending.step = 1;
  pending.mean = 5;
  const std::vector<Matured> matured{{0, pending, 9}};
  evaluator_.judged(closed("ann", 4, 9), matured, std::nullopt);
  evaluator_.finish();
  EXPECT_EQ(joint().count, 1);
  EXPECT_EQ(joint().absolute, 4);
}

TEST_F(EvaluatorTest, AUserWhoNeverCameAgainHadNoEventsWhereTheHorizonHasPassed) {
  step("ann", 1, 2, 5);
  step("bob", 1 + kHorizon, 1, 7);
  EXPECT_EQ(joint().count, 0);
  evaluator_.finish();
  EXPECT_EQ(joint().count, 1);
  EXPECT_EQ(joint().absolute, 5);
  EXPECT_EQ(interval().covered, 1);
}

TEST_F(EvaluatorTest, WhatCameAfterTheForecastIsCountedAtTheEnd) {
  step("ann", 1, 2, 5);
  evaluator_.judged(closed("ann", 2, 3), {}, std::nullopt);
  step("bob", 1 + kHorizon, 1, 7);
  evaluator_.finish();
  EXPECT_EQ(joint().absolute, 2);
  EXPECT_EQ(interval().covered, 0);
}

TEST_F(EvaluatorTest, AHorizonThatHasNotPassedIsNoOutcome) {
  step("ann", 1, 2, 5);
  step("bob", kHorizon, 1, 7);
  evaluator_.finish();
  EXPECT_EQ(joint().count, 0);
}

// Three forecasts of 5 events for ann, after steps 1 to 3; nothing comes of them.
TEST(Evaluator, OnlyForecastsMadeAfterTheGivenStepAreScored) {
  Evaluator evaluator({kHorizon}, default_models(), 2);
  for (Step step = 1; step <= 3; ++step) evaluator.judged(closed("ann", step, 0), {}, forecast_of(5));
  evaluator.judged(closed("bob", 3 + kHorizon, 1), {}, std::nullopt);
  evaluator.finish();
  std::int64_t scored = 0;
  std::int64_t intervals = 0;
  for (const HorizonScore& score : evaluator.evaluation().scores[0]) {
    scored += score.columns[0].count;
    intervals += score.all.count;
  }
  EXPECT_EQ(scored, 1);
  EXPECT_EQ(intervals, 1);
}

// Two forecasts whose horizons overlap: when the first meets its outcome, the second has been made, and what its log
// score is must not hang on what the first has taught.
TEST(Evaluator, TheDistributionThatIsScoredIsTheOneOfWhenTheForecastWasMade) {
  const auto second_score = [](double first_outcome) {
    Evaluator evaluator({kHorizon}, default_models(), 1);  // the second alone is scored
    evaluator.judged(closed("ann", 1, 0), {}, forecast_of(5));
    evaluator.judged(closed("ann", 2, 0), {}, forecast_of(5));
    PendingForecast pending;
    pending.step = 1;
    evaluator.judged(closed("ann", 4, 0), std::vector<Matured>{{0, pending, first_outcome}}, std::nullopt);
    pending.step = 2;
    evaluator.judged(closed("ann", 5, 0), std::vector<Matured>{{0, pending, 40}}, std::nullopt);
    return evaluator.scores_by_user().at(0).joint().log_score;
  };
  EXPECT_GT(second_score(5), 0);
  EXPECT_EQ(second_score(5), second_score(80));
}

// So, too, the score of a network, whose dispersion only it and the joint forecast know of.
TEST(Evaluator, TheNetworksDispersionIsTheJointsAndItsOwn) {
  const auto scores = [](float dispersion) {
    Evaluator evaluator({kHorizon}, default_models());
    StepClosed step = closed("ann", 1, 0);
    step.net.emplace();
    step.net->available = 1;
    step.net->dispersion[0] = dispersion;
    Forecast forecast = forecast_of(5);
    forecast.horizons[0].available =
        1U << static_cast<unsigned>(Expert::kArima) | 1U << static_cast<unsigned>(Expert::kNetwork);
    forecast.horizons[0].parts.fill(5);
    evaluator.judged(step, {}, forecast);
    evaluator.judged(closed("bob", 1 + kHorizon, 0), {}, std::nullopt);
    evaluator.finish();
    return evaluator.evaluation().scores[0][stratum_of(default_models().segments[0])].columns;
  };
  const auto narrow = scores(0.1F);
  const auto wide = scores(5);
  constexpr auto kNetwork = 1 + static_cast<std::size_t>(Expert::kNetwork);
  constexpr auto kArima = 1 + static_cast<std::size_t>(Expert::kArima);
  EXPECT_EQ(narrow[0].count, 1);
  EXPECT_GT(narrow[0].log_score, wide[0].log_score);  // nothing came where 5 were expected
  EXPECT_EQ(narrow[0].log_score, narrow[kNetwork].log_score);
  EXPECT_EQ(wide[0].log_score, wide[kNetwork].log_score);
  EXPECT_EQ(narrow[kArima].log_score, wide[kArima].log_score);
}

TEST_F(EvaluatorTest, WhatEveryColumnScoresIsKeptByUserAndSumsUpToItsStratum) {
  step("bob", 1, 2, 7);
  step("ann", 1, 2, 5);
  step("ann", 2, 1, 4);
  step("eve", 2 + kHorizon, 1, 1);
  evaluator_.finish();
  const auto scores = evaluator_.scores_by_user();
  ASSERT_EQ(scores.size(), 2U);
  EXPECT_EQ(scores[0].user, "ann");
  EXPECT_EQ(scores[0].joint().squared, (5 - 1) * (5 - 1) + 4 * 4);
  EXPECT_EQ(scores[0].joint().count, 2);
  EXPECT_EQ(scores[1].joint().squared, 7 * 7);
  EXPECT_GT(scores[1].joint().log_score, 0);

  std::array<ExpertScores, kStrata> sums{};
  for (const UserScores& user : scores) {
    for (const auto& [stratum, columns] : user.strata) {
      for (std::size_t c = 0; c < columns.size(); ++c) sums[stratum][c] += columns[c];
    }
  }
  for (std::size_t stratum = 0; stratum < kStrata; ++stratum) {
    for (std::size_t c = 0; c <= kExperts; ++c) {
      const ColumnScore& all = evaluator_.evaluation().scores[0][stratum].columns[c];
      EXPECT_EQ(sums[stratum][c].count, all.count) << column_name(c);
      EXPECT_DOUBLE_EQ(sums[stratum][c].squared, all.squared) << column_name(c);
    }
  }
}

// As many as judge lets wait: of a long horizon not one for every step.
TEST(Evaluator, OfALongHorizonEveryFewStepsAForecastIsScored) {
  constexpr int kLong = 4 * kPendingPerHorizon;
  Evaluator evaluator({kLong}, default_models());
  Forecast forecast = forecast_of(5);
  forecast.horizons[0].steps = kLong;
  for (Step step = 1; step <= 16; ++step) evaluator.judged(closed("ann", step, 1), {}, forecast);
  evaluator.judged(closed("bob", 16 + kLong, 1), {}, std::nullopt);
  evaluator.finish();
  std::int64_t scored = 0;
  for (const HorizonScore& score : evaluator.evaluation().scores[0]) scored += score.all.count;
  EXPECT_EQ(scored, 4);
}

}  // namespace
}  // namespace driftcast
