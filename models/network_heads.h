// What the heads' outputs mean. The kernel, LibTorch's graph and the trainer's losses all follow these lines.
//
//   volume      scale = 1 + slow level (DeepAR's scaling), r = max(medium level / scale, kLeastLevel),
//               mean = horizon * scale * softplus(softplus^-1(r) + y): with y = 0 the level goes on
//   dispersion  of a negative binomial around that mean: variance = mean + d mean^2, d = exp(y), within the limits of
//               models/interval.h, which corrects it by each user's labels
//   purchase    sigmoid(y): at least one purchase in the horizon
//   churn       sigmoid(y): no event at all in the horizon
//   shares      softmax(log(share + kLeastShare) + y) over the user's top kRankSlots categories and all the rest
//
// Levels are the row's own (core/features.h): medium is EWMA 0.1, slow is EWMA 0.02. DeepAR: Salinas, Flunkert, Gasthaus,
// Januschowski, "DeepAR: probabilistic forecasting with autoregressive recurrent networks" (2020), section 3.3.
#pragma once

#include <span>

#include "core/features.h"
#include "core/step_closed.h"
#include "models/network_weights.h"

namespace driftcast {

inline constexpr double kLeastLevel = 1e-3;
inline constexpr double kLeastShare = 1e-4;

// What the volumes of all horizons start from: scale, and softplus^-1(r).
struct VolumeLevel {
  double scale = 1, start = 0;
};
VolumeLevel volume_level(const FeatureRow& row);

// Mean of the sum of the next `horizon` steps' events, >= 0, of the volume head's output.
double head_volume(double output, const FeatureRow& row, int horizon);

double head_probability(double output);

// Shares of the top kRankSlots categories (zero where there are fewer) and of all the rest, after the network's word.
// `shares` are as fold ranks them, with the rest last.
std::array<double, kRankSlots + 1> head_shares(const std::array<double, kRankSlots + 1>& shares,
                                               const std::array<float, kRankSlots + 1>& outputs);

// All of it: `outputs` is [slots, kHeadOutputs], slot by slot of the configuration; `horizons` in steps, 0 where the
// network does not know the slot's horizon.
NetForecast net_forecast(std::span<const float> outputs, const FeatureRow& row, std::span<const int> horizons,
                         bool purchases);

}  // namespace driftcast
