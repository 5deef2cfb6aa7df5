// What is scored, against which outcome, and what is not.
#include "pipeline/evaluation/model_scores.h"

#include <gtest/gtest.h>

#include "core/hash.h"

namespace driftcast {
namespace {

constexpr int kHorizon = 3;
constexpr Split kSplit{.train_last = 20, .validation_last = 40, .last = 60};
constexpr std::uint8_t kSparse = 0, kDense = kSegments - 1;

struct Expected {
  std::optional<double> purchase{}, churn{};
  double mean = 1;
};

class ModelScoresTest : public testing::Test {
 protected:
  void event(const std::string& user, Step step, Kind kind = Kind::kView) {
    Event event;
    event.user = user;
    event.user_hash = hash64(user);
    event.kind = kind;
    scores_.accepted(event, step);
  }
  void forecast(const std::string& user, Step step, const Expected& expected, std::uint8_t segment = kSparse) {
    StepClosed closed;
    closed.user = user;
    closed.user_hash = hash64(user);
    closed.step = step;
    closed.segment = segment;
    Forecast forecast;
    HorizonForecast& horizon = forecast.horizons.emplace_back();
    horizon.steps = kHorizon;
    horizon.mean = expected.mean;
    horizon.hi = 2 * expected.mean;
    horizon.purchase = expected.purchase;
    horizon.churn = expected.churn;
    scores_.judged(closed, {}, forecast);
  }
  ProbabilityScores probabilities() { return scores_.finish().probabilities.at(0); }

  ModelScores scores_{{kHorizon}, default_models(), kSplit};
};

TEST_F(ModelScoresTest, APurchaseCountsFromTheStepAfterTheForecastToTheEndOfItsHorizon) {
  event("ann", 50, Kind::kPurchase);
  event("ann", 54, Kind::kPurchase);
  forecast("ann", 50, {.purchase = 0.1});  // 51 to 53: none
  forecast("ann", 51, {.purchase = 0.9});  // 52 to 54: the second
  forecast("ann", 53, {.purchase = 0.8});  // 54 to 56: the second
  forecast("ann", 54, {.purchase = 0.2});  // 55 to 57: none
  const OutcomeScores scores = probabilities().purchase.all.network;
  EXPECT_EQ(scores.count, 4);
  EXPECT_EQ(scores.positives, 2);
  EXPECT_EQ(scores.at_half.accuracy, 1);
  EXPECT_NEAR(scores.brier, (0.01 + 0.01 + 0.04 + 0.04) / 4, 1e-7);
}

TEST_F(ModelScoresTest, OnlyWhoDoesNothingAtAllHasLeft) {
  event("ann", 50);
  event("bob", 50);
  event("bob", 53);
  forecast("ann", 50, {.churn = 0.7});
  forecast("bob", 50, {.churn = 0.3});
  const OutcomeScores scores = probabilities().churn.all.network;
  EXPECT_EQ(scores.count, 2);
  EXPECT_EQ(scores.positives, 1);
  EXPECT_EQ(scores.auc, 1);
}

TEST_F(ModelScoresTest, OnlyForecastsWhoseWholeHorizonLiesInTheTestPartAreScored) {
  for (const Step step : {17, 39, 40, 41, 57, 58}) forecast("ann", step, {.purchase = 0.5});
  EXPECT_EQ(probabilities().purchase.all.network.count, 2);  // 41 and 57
}

TEST_F(ModelScoresTest, WithoutProbabilitiesThereIsNothingToScore) {
  forecast("ann", 50, {});
  const ProbabilityScores scores = probabilities();
  EXPECT_EQ(scores.purchase.all.network.count, 0);
  EXPECT_EQ(scores.purchase.all.baseline.count, 0);
  EXPECT_EQ(scores.churn.all.baseline.count, 0);
}

TEST_F(ModelScoresTest, TheThresholdComesFromTheValidationPart) {
  event("ann", 32, Kind::kPurchase);
  forecast("ann", 25, {.purchase = 0.1});
  forecast("ann", 30, {.purchase = 0.25});  // the only one followed by a purchase
  event("ann", 52, Kind::kPurchase);
  forecast("ann", 50, {.purchase = 0.3});
  forecast("ann", 53, {.purchase = 0.2});
  const OutcomeScores scores = probabilities().purchase.all.network;
  EXPECT_EQ(scores.at_best.threshold, 0.25);
  EXPECT_EQ(scores.at_best.f1, 1);
  EXPECT_EQ(scores.at_half.f1, 0);
}

// Buyers buy every third step, the others never: frequency tells, the constant forecast does not.
TEST_F(ModelScoresTest, TheBaselineLearnsFromTheTrainingPartWhoBuys) {
  for (int user = 0; user < 40; ++user) {
    const std::string name = "user" + std::to_string(user);
    for (Step step = 1; step <= kSplit.last; ++step) {
      event(name, step, user % 2 == 0 && step % 3 == 0 ? Kind::kPurchase : Kind::kView);
      forecast(name, step, {.purchase = 0.4, .churn = 0.1});
    }
  }
  const ProbabilityScores scores = probabilities();
  EXPECT_EQ(scores.purchase.all.network.auc, 0.5);
  EXPECT_EQ(scores.purchase.all.network.count, scores.purchase.all.baseline.count);
  EXPECT_EQ(scores.purchase.all.network.positives, scores.purchase.all.baseline.positives);
  EXPECT_EQ(scores.purchase.all.baseline.auc, 1);
  EXPECT_GT(scores.purchase.all.baseline.at_best.f1, 0.99);
}

// What dense users do is easier to tell: pooled, the ranks of the sparse ones and theirs mix.
TEST_F(ModelScoresTest, EveryStratumIsScoredForItselfWithTheThresholdOfAll) {
  for (const Step step : {45, 50, 55}) {
    event("ann", step + 1, Kind::kPurchase);
    forecast("ann", step, {.purchase = 0.9}, kDense);
    forecast("bob", step, {.purchase = 0.6}, kDense);
    forecast("eve", step, {.purchase = 0.2});
  }
  event("dan", 51, Kind::kPurchase);
  forecast("dan", 50, {.purchase = 0.3});
  const ProbabilityScores scores = probabilities();
  const OutcomeScores& sparse = scores.purchase.each[0].network;
  const OutcomeScores& dense = scores.purchase.each[2].network;
  EXPECT_EQ(sparse.count, 4);
  EXPECT_EQ(sparse.positives, 1);
  EXPECT_EQ(sparse.auc, 1);
  EXPECT_EQ(dense.count, 6);
  EXPECT_EQ(dense.positives, 3);
  EXPECT_EQ(dense.auc, 1);
  EXPECT_LT(scores.purchase.all.network.auc.value(), 1);
  EXPECT_EQ(scores.purchase.each[1].network.count, 0);
  EXPECT_EQ(scores.purchase.each[0].baseline.count, 4);
  EXPECT_EQ(sparse.at_best.threshold, scores.purchase.all.network.at_best.threshold);
}

TEST_F(ModelScoresTest, VolumeIsScoredOverTheTestPartAlsoOfUsersWhoNeverComeAgain) {
  forecast("ann", 30, {.mean = 5});
  forecast("ann", 50, {.mean = 7});
  forecast("bob", 60, {});  // its step closes: time has come so far
  const ModelResult result = scores_.finish();
  double absolute = 0;
  for (const HorizonScore& score : result.volume.scores[0]) absolute += score.columns[0].absolute;
  EXPECT_EQ(absolute, 7);
  ASSERT_EQ(result.users.size(), 1U);
  EXPECT_EQ(result.users[0].joint().squared, 49);
}

// A user with forecasts in one stratum, of which only the joint one matters.
UserScores user_scores(std::string name, ColumnScore joint) {
  ExpertScores scores{};
  scores[0] = joint;
  return {std::move(name), {{kStrata - 1, scores}}};
}

TEST(JointRatios, AreOfRootsAndOfUsersThatBothRunsScored) {
  ModelResult with;
  ModelResult without;
  with.users = {user_scores("ann", {.squared = 4, .log_score = 3, .count = 2}),
                user_scores("bob", {.squared = 9, .count = 1})};
  without.users = {user_scores("ann", {.squared = 16, .log_score = 6, .count = 2}),
                   user_scores("eve", {.squared = 1, .count = 1})};
  const JointRatios ratios = joint_ratios(with, without, 1);
  EXPECT_DOUBLE_EQ(ratios.rmse.ratio, 0.5);
  EXPECT_DOUBLE_EQ(ratios.rmse.high, 0.5);
  EXPECT_DOUBLE_EQ(ratios.log_score.ratio, 0.5);
}

TEST_F(ModelScoresTest, TheTypicalUserOfAStratumHasTheMedianError) {
  // Three users with two points each, whose errors are 1, 2 and 9, and 27 with a single point.
  for (const auto& [user, error] : {std::pair("a", 1.0), std::pair("b", 9.0), std::pair("c", 2.0)}) {
    forecast(user, 45, {.mean = error}, kDense);
    forecast(user, 50, {.mean = error}, kDense);
  }
  for (int user = 0; user < 27; ++user) forecast("once" + std::to_string(user), 45, {.mean = 3}, kDense);
  forecast("quiet", 45, {.mean = 4});
  event("quiet", 46);
  const std::vector<UserTrace> traces = scores_.finish().traces;
  ASSERT_EQ(traces.size(), 2U);
  EXPECT_EQ(traces[0].stratum, 2U);
  ASSERT_EQ(traces[0].points.size(), 2U);
  EXPECT_EQ(traces[0].points[0].mean, 2);
  EXPECT_EQ(traces[1].stratum, 0U);
  EXPECT_EQ(traces[1].points[0].step, 45);
  EXPECT_EQ(traces[1].points[0].came, 1);
  EXPECT_EQ(traces[1].points[0].hi, 8);
  EXPECT_EQ(traces[1].first, 41);
  const std::vector<double> came(traces[1].came.begin(), traces[1].came.begin() + 6);
  EXPECT_EQ(came, (std::vector<double>{0, 0, 1, 1, 1, 0}));  // after steps 41 to 46, of which 46 had an event
  EXPECT_EQ(traces[1].came.size(), 17U);                     // the last after step 57
}

}  // namespace
}  // namespace driftcast
