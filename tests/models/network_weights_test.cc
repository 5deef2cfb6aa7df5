#include "models/network_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace driftcast {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

NetworkWeights small() { return fresh_network(16, 2, {7, 14, 30}, 1); }

using Change = std::function<void(NetworkWeights&)>;

std::string fault_after(const Change& change) {
  NetworkWeights weights = small();
  change(weights);
  return fault_of(weights);
}

TEST(NetworkWeights, AFreshNetworkHasNoFault) {
  EXPECT_EQ(fault_of(small()), "");
  EXPECT_EQ(fault_of(fresh_network(kHiddenUnit, 1, {1}, 2)), "");
  EXPECT_EQ(fault_of(fresh_network(128, kMostLayers, {1, 2, 3, 4}, 3)), "");
}

TEST(NetworkWeights, AFreshNetworkIsDrawnUniformlyWithinLibTorchsBounds) {
  const NetworkWeights weights = fresh_network(64, 2, {7}, 1);
  for (const LstmLayer& layer : weights.layers) {
    for (const auto* numbers : {&layer.input, &layer.recurrent}) {
      const auto [low, high] = std::ranges::minmax(*numbers);
      EXPECT_NEAR(low, -0.125, 1e-3);
      EXPECT_NEAR(high, 0.125, 1e-3);
      EXPECT_GE(low, -0.125F);
      EXPECT_LT(high, 0.125F);
      EXPECT_NEAR(std::accumulate(numbers->begin(), numbers->end(), 0.0) / static_cast<double>(numbers->size()), 0,
                  3e-3);
    }
    for (std::size_t n = 0; n < layer.bias.size(); ++n) {
      const bool forget = n >= 64 && n < 128;
      ASSERT_TRUE(forget ? layer.bias[n] == 1 : std::abs(layer.bias[n]) <= 0.25F) << n;
    }
  }
}

TEST(NetworkWeights, AFreshNetworksHeadsAreZeroAndItKnowsNoPurchases) {
  const NetworkWeights weights = small();
  EXPECT_EQ(std::ranges::count(weights.head, 0.0F), std::ssize(weights.head));
  EXPECT_EQ(std::ranges::count(weights.head_bias, 0.0F), std::ssize(weights.head_bias));
  EXPECT_FALSE(weights.purchases);
}

TEST(NetworkWeights, ASeedMeansTheSameNumbersOnEveryMachine) {
  EXPECT_EQ(hash_of(small()), hash_of(small()));
  EXPECT_NE(hash_of(small()), hash_of(fresh_network(16, 2, {7, 14, 30}, 2)));
  const NetworkWeights weights = small();
  EXPECT_EQ(weights.layers[0].input[0], 0x1.10a2dp-5F);
  EXPECT_EQ(weights.layers[1].bias[63], 0x1.ab661cp-3F);
}

TEST(NetworkWeights, WhatIsWrongIsSaidPlainly) {
  const std::pair<Change, std::string> cases[] = {
      {[](auto& w) { w.hidden = 0; }, "hidden is 0; it is a multiple of 8 up to 512"},
      {[](auto& w) { w.hidden = 12; }, "hidden is 12; it is a multiple of 8 up to 512"},
      {[](auto& w) { w.hidden = 520; }, "hidden is 520; it is a multiple of 8 up to 512"},
      {[](auto& w) { w.layers.clear(); }, "0 layers; 1 to 4 are possible"},
      {[](auto& w) { w.layers.resize(5); }, "5 layers; 1 to 4 are possible"},
      {[](auto& w) { w.horizons.clear(); }, "0 horizons; 1 to 4 are possible"},
      {[](auto& w) {
         w.horizons = {1, 2, 3, 4, 5};
       },
       "5 horizons; 1 to 4 are possible"},
      {[](auto& w) {
         w.horizons = {0, 14, 30};
       },
       "horizon 0 is not a number of steps"},
      {[](auto& w) {
         w.horizons = {7, 7, 30};
       },
       "horizons are not ascending: 7 comes before 7"},
      {[](auto& w) {
         w.horizons = {7, 30, 14};
       },
       "horizons are not ascending: 30 comes before 14"},
      {[](auto& w) { at(w.mean, Feature::kDwell) = kNaN; }, "mean of dwell is not finite"},
      {[](auto& w) { at(w.scale, Feature::kSeasonCos) = kInfinity; },
       "scale of season_cos is inf; it is finite and above zero"},
      {[](auto& w) { at(w.scale, Feature::kViews) = 0; }, "scale of views is 0.000000; it is finite and above zero"},
      {[](auto& w) { at(w.scale, Feature::kViews) = -1; }, "scale of views is -1.000000; it is finite and above zero"},
      {[](auto& w) { w.layers[0].input.pop_back(); },
       "layer 0: input has 1535 numbers; 64 outputs of 24 inputs each want 1536"},
      {[](auto& w) { w.layers[1].input.push_back(0); },
       "layer 1: input has 1025 numbers; 64 outputs of 16 inputs each want 1024"},
      {[](auto& w) { w.layers[1].recurrent.clear(); },
       "layer 1: recurrent has 0 numbers; 64 outputs of 16 inputs each want 1024"},
      {[](auto& w) { w.layers[0].bias.pop_back(); }, "layer 0: bias has 63 numbers; 64 outputs want 64"},
      {[](auto& w) { w.layers[0].input[5] = kNaN; }, "layer 0: input is not finite at 5"},
      {[](auto& w) { w.layers[1].recurrent[1023] = -kInfinity; }, "layer 1: recurrent is not finite at 1023"},
      {[](auto& w) { w.layers[1].bias[0] = kInfinity; }, "layer 1: bias is not finite at 0"},
      {[](auto& w) { w.head.resize(10); }, "head has 10 numbers; 3 horizons of 13 outputs of 40 inputs each want 1560"},
      {[](auto& w) { w.head_bias.clear(); }, "head_bias has 0 numbers; 3 horizons of 13 outputs each want 39"},
      {[](auto& w) { w.head[7] = kNaN; }, "head is not finite at 7"},
      {[](auto& w) { w.head_bias[38] = kNaN; }, "head_bias is not finite at 38"},
  };
  for (const auto& [change, fault] : cases) EXPECT_EQ(fault_after(change), fault);
}

TEST(NetworkWeights, TheHashChangesWithEveryNumber) {
  const Change changes[] = {
      [](auto& w) { w.horizons[2] = 31; },
      [](auto& w) { w.purchases = true; },
      [](auto& w) { w.mean[23] = 1; },
      [](auto& w) { w.scale[0] = 2; },
      [](auto& w) { w.layers[0].input[0] = 2; },
      [](auto& w) { w.layers[0].recurrent.back() = 2; },
      [](auto& w) { w.layers[1].bias.back() = 2; },
      [](auto& w) { w.head[100] = 2; },
      [](auto& w) { w.head_bias.back() = 2; },
      [](auto& w) { std::swap(w.layers[1].input, w.layers[1].recurrent); },
  };
  for (const Change& change : changes) {
    NetworkWeights weights = small();
    change(weights);
    EXPECT_EQ(fault_of(weights), "");
    EXPECT_NE(hash_of(weights), hash_of(small()));
  }
}

}  // namespace
}  // namespace driftcast
