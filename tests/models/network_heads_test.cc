#include "models/network_heads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "models/interval.h"

namespace driftcast {
namespace {

using testing::Each;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr std::array<float, kRankSlots + 1> kNothingSaid{};

FeatureRow row_of_levels(double medium, double slow) {
  FeatureRow row{};
  at(row, Feature::kLevelMedium) = static_cast<float>(std::log1p(medium));
  at(row, Feature::kLevelSlow) = static_cast<float>(std::log1p(slow));
  return row;
}

TEST(NetworkHeads, AVolumeOfZeroOutputIsTheLevelOverTheHorizon) {
  for (const double medium : {0.05, 0.5, 1.0, 7.0, 300.0, 1e5}) {
    for (const double slow : {0.0, 0.3, 2.0, 40.0}) {
      for (const int horizon : {1, 7, 30}) {
        const double level = horizon * medium;
        ASSERT_NEAR(head_volume(0, row_of_levels(medium, slow), horizon), level, 3e-6 * level + 1e-9);
      }
    }
  }
}

TEST(NetworkHeads, AVolumeIsWhatTheFormulaSays) {
  const auto softplus = [](double x) { return std::log(1 + std::exp(x)); };
  for (const double y : {-3.0, -0.5, 0.25, 2.0}) {
    const double scale = 1 + 4.0;
    const double start = std::log(std::exp(3.0 / scale) - 1);
    const double mean = 14 * scale * softplus(start + y);
    EXPECT_NEAR(head_volume(y, row_of_levels(3, 4), 14), mean, 1e-5 * mean);
  }
}

TEST(NetworkHeads, AVolumeWithoutAnyLevelStartsFromTheLeast) {
  EXPECT_NEAR(head_volume(0, row_of_levels(0, 0), 7), 7 * kLeastLevel, 1e-9);
  EXPECT_GT(head_volume(4, row_of_levels(0, 0), 7), 0.2);
}

TEST(NetworkHeads, AVolumeIsNeverNegativeNorWithoutNumberWhateverTheRow) {
  FeatureRow broken = row_of_levels(1, 1);
  for (const float value : {kNaN, kInfinity, -kInfinity, -5.0F, 1e30F}) {
    at(broken, Feature::kLevelMedium) = value;
    at(broken, Feature::kLevelSlow) = value;
    for (const double y : {-1e30, -50.0, 0.0, 50.0, 1e20, static_cast<double>(kNaN), static_cast<double>(kInfinity)}) {
      const double volume = head_volume(y, broken, 30);
      ASSERT_TRUE(std::isfinite(volume) && volume >= 0) << value << ' ' << y;
    }
  }
}

TEST(NetworkHeads, AProbabilityIsTheSigmoid) {
  EXPECT_EQ(head_probability(0), 0.5);
  EXPECT_NEAR(head_probability(2), 1 / (1 + std::exp(-2.0)), 1e-15);
  EXPECT_EQ(head_probability(1e30), 1);
  EXPECT_EQ(head_probability(-1e30), 0);
}

TEST(NetworkHeads, SharesOfZeroOutputsStayAsTheyWere) {
  const std::array<double, kRankSlots + 1> shares = {0.4, 0.2, 0.1, 0.1, 0.05, 0.05, 0.02, 0.01, 0.07};
  const auto said = head_shares(shares, kNothingSaid);
  for (std::size_t i = 0; i < said.size(); ++i) EXPECT_NEAR(said[i], shares[i], 1e-3);
  EXPECT_NEAR(std::accumulate(said.begin(), said.end(), 0.0), 1, 1e-12);
}

TEST(NetworkHeads, SharesAreTheSoftmaxOfTheirLogsAndTheOutputs) {
  const std::array<double, kRankSlots + 1> shares = {0.3, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05};
  const std::array<float, kRankSlots + 1> outputs = {0.5F, -1, 2, 0, 0, 0, 0, 0, -0.25F};
  double sum = 0;
  const auto unscaled = [&](std::size_t i) {
    return std::exp(std::log(shares[i] + kLeastShare) + static_cast<double>(outputs[i]));
  };
  for (std::size_t i = 0; i < shares.size(); ++i) sum += unscaled(i);
  const auto said = head_shares(shares, outputs);
  for (std::size_t i = 0; i < shares.size(); ++i) EXPECT_NEAR(said[i], unscaled(i) / sum, 1e-12);
}

TEST(NetworkHeads, SlotsWithoutACategoryAreGivenNothing) {
  const auto said = head_shares({0.5, 0.3, 0, 0, 0, 0, 0, 0, 0.2}, {0, 0, 80, 80, 1e30F, kInfinity, kNaN, 9, 0});
  EXPECT_THAT(std::vector(said.begin() + 2, said.begin() + 8), Each(0));
  EXPECT_NEAR(said[0], 0.5, 1e-3);
  EXPECT_NEAR(said[8], 0.2, 1e-3);
}

TEST(NetworkHeads, AForecastNamesTheSlotsWhoseHorizonsAreKnown) {
  std::vector<float> outputs(3 * kHeadOutputs, 0.0F);
  outputs[2 * kHeadOutputs + kHeadVolume] = 1;
  outputs[kHeadShares] = 0.5F;
  const FeatureRow row = row_of_levels(2, 1);
  const NetForecast forecast = net_forecast(outputs, row, std::array{7, 0, 30}, false);
  EXPECT_TRUE(forecast.has(0));
  EXPECT_FALSE(forecast.has(1));
  EXPECT_TRUE(forecast.has(2));
  EXPECT_EQ(forecast.volume[0], static_cast<float>(head_volume(0, row, 7)));
  EXPECT_EQ(forecast.volume[1], 0);
  EXPECT_EQ(forecast.volume[2], static_cast<float>(head_volume(1, row, 30)));
  EXPECT_EQ(forecast.shares[0], 0.5F);
  EXPECT_THAT(forecast.purchase, Each(0));
  EXPECT_THAT(forecast.churn, Each(0));
}

TEST(NetworkHeads, ADispersionIsTheExponentialOfItsOutputWithinTheLimitsOfAllLaws) {
  const auto dispersion = [](float output) {
    std::vector<float> outputs(kHeadOutputs, 0.0F);
    outputs[kHeadDispersion] = output;
    return static_cast<double>(net_forecast(outputs, row_of_levels(2, 1), std::array{7}, false).dispersion[0]);
  };
  EXPECT_NEAR(dispersion(0), 1, 1e-7);
  EXPECT_NEAR(dispersion(1.5), std::exp(1.5), 1e-6);
  EXPECT_NEAR(dispersion(-100), kLeastDispersion, 1e-9);
  EXPECT_NEAR(dispersion(1e30F), kLargestDispersion, 1e-9);
  EXPECT_NEAR(dispersion(kNaN), 1, 1e-7);
}

TEST(NetworkHeads, PurchaseAndChurnSpeakWhenTheNetworkHasLearnedThem) {
  std::vector<float> outputs(2 * kHeadOutputs, 0.0F);
  outputs[kHeadPurchase] = 1;
  outputs[kHeadOutputs + kHeadChurn] = -2;
  const NetForecast forecast = net_forecast(outputs, row_of_levels(2, 1), std::array{7, 14}, true);
  EXPECT_TRUE(forecast.purchases);
  EXPECT_EQ(forecast.purchase[0], static_cast<float>(head_probability(1)));
  EXPECT_EQ(forecast.purchase[1], 0.5F);
  EXPECT_EQ(forecast.churn[1], static_cast<float>(head_probability(-2)));
}

TEST(NetworkHeads, SharesOfAFirstSlotThatIsNotKnownSayNothing) {
  const std::vector<float> outputs(2 * kHeadOutputs, 1.0F);
  EXPECT_THAT(net_forecast(outputs, {}, std::array{0, 14}, false).shares, Each(0));
}

}  // namespace
}  // namespace driftcast
