// NetworkWeights: the numbers of a recurrent network, as they are trained and stored: LSTM layers (Hochreiter,
// Schmidhuber 1997, with forget gates: Gers, Schmidhuber, Cummins 2000) and linear heads over the last layer's h.
//
//   x  = clamp((relative(row) - mean) * scale, -kLargestInput, kLargestInput)                     [F]
//   a  = W_input x + W_recurrent h + b,  i, f, o = sigmoid(a_i, a_f, a_o),  g = tanh(a_g)         [4H], gates in that order
//   c' = f c + i g,  h' = o tanh(c');  the next layer's x is h'                                    [H]
//   heads: y = W_head (h' of the last layer, then x of the row) + b_head                           [S, kHeadOutputs]
//
// The heads see the row beside h': what is linear in it need not pass through the recurrence. What their outputs mean
// is said in models/network_heads.h. Row-major, float, layers and gates as LibTorch's nn::LSTM holds them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/features.h"
#include "core/step_closed.h"

namespace driftcast {

inline constexpr float kLargestInput = 8;      // of a normalised feature, in standard deviations
inline constexpr std::size_t kHiddenUnit = 8;  // H is a multiple of this, so that 4H fills panels of 32
inline constexpr std::size_t kLargestHidden = 512;
inline constexpr std::size_t kMostLayers = 4;

// Outputs of the heads, for each horizon.
enum HeadOutput : std::size_t { kHeadVolume, kHeadDispersion, kHeadPurchase, kHeadChurn, kHeadShares };
inline constexpr std::size_t kHeadOutputs = kHeadShares + kRankSlots + 1;

inline constexpr float kGrownUp = 4.1108739F;  // log1p(60 steps)

// The row with what grows with how much the user does taken relative to the user's own slow level, in logs, so that who
// does much looks like who does little (DeepAR's scaling, see models/network_heads.h). The level itself stays. What only
// ever grows ends at kGrownUp: those who are served are older than anyone was in training.
inline FeatureRow relative(const FeatureRow& row) {
  constexpr Feature kGrowing[] = {Feature::kViews,     Feature::kClicks,         Feature::kCarts,
                                  Feature::kPurchases, Feature::kOthers,         Feature::kMeanEvents5,
                                  Feature::kLevelFast, Feature::kMeanPurchases5, Feature::kLevelMedium,
                                  Feature::kArimaLevel};
  FeatureRow inputs = row;
  for (const Feature feature : kGrowing) at(inputs, feature) -= row[static_cast<std::size_t>(Feature::kLevelSlow)];
  for (const Feature feature : {Feature::kActiveSteps, Feature::kLifetime}) {
    at(inputs, feature) = std::min(at(inputs, feature), kGrownUp);
  }
  return inputs;
}

struct LstmLayer {
  std::vector<float> input;      // [4H, F] in the first layer, [4H, H] in the others
  std::vector<float> recurrent;  // [4H, H]
  std::vector<float> bias;       // [4H], the sum of LibTorch's two
};

struct NetworkWeights {
  std::size_t hidden = 0;      // H
  std::vector<int> horizons;   // S of them, in steps, strictly ascending
  bool purchases = false;      // the purchase and churn heads have learned something
  FeatureRow mean{}, scale{};  // scale: one over the standard deviation, > 0
  std::vector<LstmLayer> layers;
  std::vector<float> head;       // [S * kHeadOutputs, H + F]
  std::vector<float> head_bias;  // [S * kHeadOutputs]
};

// A network of these sizes whose LSTM is drawn from `seed` as LibTorch would (uniform within 1/sqrt(H)), forget biases
// at one, and whose heads are zero: it forecasts the level.
NetworkWeights fresh_network(std::size_t hidden, std::size_t layers, std::vector<int> horizons, std::uint64_t seed);

// What is wrong with the sizes or the numbers, or empty: every size as stated above, every number finite.
std::string fault_of(const NetworkWeights& weights);

// Of every number, and of the sizes.
std::uint64_t hash_of(const NetworkWeights& weights);

}  // namespace driftcast
