// The joint forecast beside the best of its parts, over all users and in each stratum.
#include "pipeline/evaluation/joint_to_best.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pipeline/generator/random.h"

namespace driftcast {
namespace {

constexpr std::size_t kSparse = 0, kMedium = 1, kDense = 2;
constexpr auto kArima = 1 + static_cast<std::size_t>(Expert::kArima);
constexpr auto kSlow = 1 + static_cast<std::size_t>(Expert::kEwmaSlow);
constexpr auto kNetwork = 1 + static_cast<std::size_t>(Expert::kNetwork);

ColumnScore score(double squared, double log_score, std::int64_t count) {
  return {.squared = squared, .log_score = log_score, .count = count};
}

// Of ten forecasts; the other experts are bad.
ExpertScores scores(ColumnScore joint, ColumnScore arima, ColumnScore slow) {
  ExpertScores all;
  all.fill(score(1000, 1000, 10));
  all[0] = joint;
  all[kArima] = arima;
  all[kSlow] = slow;
  return all;
}

TEST(JointToBest, TheBestPartMayBeAnotherOneInEachStratumAndByEachScore) {
  const std::vector<UserScores> users = {
      {"ann", {{kDense, scores(score(90, 20, 10), score(100, 25, 10), score(400, 19, 10))}}},
      {"bob", {{kMedium, scores(score(44, 12, 10), score(49, 11, 10), score(36, 12, 10))}}},
  };
  const std::vector<JointToBest> rows = joint_to_best(users, 1);
  ASSERT_EQ(rows.size(), 3U) << "no row without forecasts";
  EXPECT_EQ(rows[0].stratum, "all");
  EXPECT_EQ(rows[0].forecasts, 20);
  EXPECT_EQ(rows[0].rmse->part, "arima");
  EXPECT_NEAR(rows[0].rmse->ratio.ratio, std::sqrt(134.0 / 149), 1e-12);
  EXPECT_EQ(rows[0].log_score->part, "ewma_slow");
  EXPECT_NEAR(rows[0].log_score->ratio.ratio, 32.0 / 31, 1e-12);
  EXPECT_EQ(rows[1].stratum, "dense");
  EXPECT_EQ(rows[1].rmse->part, "arima");
  EXPECT_NEAR(rows[1].rmse->ratio.ratio, std::sqrt(0.9), 1e-12);
  EXPECT_EQ(rows[1].log_score->part, "ewma_slow");
  EXPECT_EQ(rows[2].stratum, "medium");
  EXPECT_EQ(rows[2].rmse->part, "ewma_slow");
  EXPECT_EQ(rows[2].log_score->part, "arima");
}

TEST(JointToBest, AnExpertThatWasSilentSomewhereIsNoPart) {
  ExpertScores some = scores(score(90, 20, 10), score(100, 25, 10), score(400, 19, 10));
  some[kNetwork] = score(1, 1, 9);
  EXPECT_EQ(joint_to_best({{"ann", {{kDense, some}}}}, 1)[0].rmse->part, "arima");
  some[kNetwork].count = 10;
  EXPECT_EQ(joint_to_best({{"ann", {{kDense, some}}}}, 1)[0].rmse->part, "lstm");
}

// In a third of the draws the one who decides is missing.
TEST(JointToBest, ASingleUserWhoDecidesMakesTheIntervalWide) {
  Random random(3);
  std::vector<UserScores> users;
  for (int i = 0; i < 50; ++i) {
    const double error = 10 * (0.9 + 0.2 * random.unit());
    users.push_back({"user-" + std::to_string(i),
                     {{kSparse, scores(score(error, 10, 10), score(error, 10, 10), score(900, 90, 10))}}});
  }
  const RatioInterval alike = joint_to_best(users, 1)[0].rmse->ratio;
  EXPECT_NEAR(alike.low, 1, 1e-12);
  EXPECT_NEAR(alike.high, 1, 1e-12);
  users.push_back({"whale", {{kSparse, scores(score(900, 10, 10), score(700, 10, 10), score(9000, 90, 10))}}});
  const RatioInterval decided = joint_to_best(users, 1)[0].rmse->ratio;
  EXPECT_GT(decided.ratio, 1.05);
  EXPECT_NEAR(decided.low, 1, 1e-12);
  EXPECT_GT(decided.high, decided.ratio);
}

// Nothing divides by zero: of a part without any error there is no ratio.
TEST(JointToBest, APartThatIsAlwaysRightIsNoMeasure) {
  const std::vector<UserScores> users = {
      {"ann", {{kDense, scores(score(1, 20, 10), score(0, 25, 10), score(400, 19, 10))}}}};
  const std::vector<JointToBest> rows = joint_to_best(users, 1);
  EXPECT_FALSE(rows[0].rmse);
  EXPECT_TRUE(rows[0].log_score);
}

TEST(JointToBest, WithoutForecastsThereIsNothingToSay) { EXPECT_TRUE(joint_to_best({}, 1).empty()); }

}  // namespace
}  // namespace driftcast
