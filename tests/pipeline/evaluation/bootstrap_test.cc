#include "pipeline/evaluation/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "pipeline/generator/random.h"

namespace driftcast {
namespace {

TEST(BootstrapRatio, ComparesMeansOverForecastsAndNotOverUsers) {
  const std::vector<UserSum> a = {{6, 3}, {4, 1}};
  const std::vector<UserSum> b = {{3, 3}, {9, 1}};
  EXPECT_DOUBLE_EQ(bootstrap_ratio(a, b, 1).ratio, 10.0 / 12);
}

TEST(BootstrapRatio, WhereEveryUserGainsAlikeNothingIsUncertain) {
  const std::vector<UserSum> a = {{2, 1}, {40, 9}, {6, 2}};
  const std::vector<UserSum> b = {{4, 1}, {80, 9}, {12, 2}};
  const RatioInterval interval = bootstrap_ratio(a, b, 1);
  EXPECT_DOUBLE_EQ(interval.ratio, 0.5);
  EXPECT_DOUBLE_EQ(interval.low, 0.5);
  EXPECT_DOUBLE_EQ(interval.high, 0.5);
}

// Of n users with mean 1 and variance 1/3 in `a`, against a constant 1: the ratio's deviation is sqrt(1 / (3 n)).
TEST(BootstrapRatio, TheIntervalIsAsWideAsTheLawOfLargeNumbersSays) {
  Random random(11);
  std::vector<UserSum> a;
  for (int i = 0; i < 1200; ++i) a.push_back({2 * random.unit(), 1});
  const std::vector<UserSum> b(a.size(), {1, 1});
  const RatioInterval interval = bootstrap_ratio(a, b, 5);
  EXPECT_NEAR(interval.high - interval.low, 2 * 1.96 / std::sqrt(3.0 * 1200), 0.008);
  EXPECT_LT(interval.low, interval.ratio);
  EXPECT_GT(interval.high, interval.ratio);
}

TEST(BootstrapRatio, TheSeedNamesTheResult) {
  const std::vector<UserSum> a = {{2, 1}, {5, 2}, {1, 4}, {7, 3}};
  const std::vector<UserSum> b = {{3, 1}, {4, 2}, {2, 4}, {9, 3}};
  EXPECT_EQ(bootstrap_ratio(a, b, 8).low, bootstrap_ratio(a, b, 8).low);
  EXPECT_EQ(bootstrap_ratio(a, b, 8).ratio, bootstrap_ratio(a, b, 9).ratio);
}

TEST(BootstrapRatio, WithoutAnyScoreThereIsNoRatio) {
  EXPECT_EQ(bootstrap_ratio({}, {}, 1).ratio, 0);
  const std::vector<UserSum> a = {{2, 1}};
  const std::vector<UserSum> nothing = {{0, 1}};
  EXPECT_EQ(bootstrap_ratio(a, nothing, 1).high, 0);
}

}  // namespace
}  // namespace driftcast
