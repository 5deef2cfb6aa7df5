// ARIMA(1,1,1) of one series, updated online by the recursive prediction-error method (RPEM), with a segment's prior.
//
//   w_t = z_t - z_{t-1},   w_t = phi w_{t-1} + theta e_{t-1} + e_t
//
// z is the series in a space where its noise is even: sqrt of a step's events here. Each observation moves (phi, theta)
// along the gradient of the squared innovation, scaled by an inverse Hessian P (recursive Gauss-Newton). Innovations
// are winsorised at four deviations for learning, never for scoring. In a series' youth the prior's own (phi, theta)
// predict, and nothing moves them: a user's series begins at an event, so that its first differences are not like the
// later ones, and unshrunk estimates are worse than an EWMA on sparse series.
// Source: L. Ljung, T. Soderstrom, "Theory and Practice of Recursive Identification" (1983), section 3.6; priors by
// pooled one-step loss over the users with a like rate (models/model_set.h).
#pragma once

#include <cstdint>

namespace driftcast {

// What is known of a series before it has begun; of all users of a segment.
struct ArimaPrior {
  float phi = 0, theta = -0.85F;  // both in (-1, 1)
  float s2 = 0.1F;                // innovation variance, weighs five observations
  float mean = 0.3F;              // of z, weighs ten observations
  float rho = 0.97F;              // by which a forecast's distance from the mean shrinks, per step
  float p0 = 0.01F;               // first diagonal of P: how fast (phi, theta) may leave the prior
  std::uint32_t youth = 10;       // values (at most 10) after which they may; 0: from the start
};

// 56 bytes, plain.
struct ArimaState {
  float phi = 0, theta = 0;
  float p11 = 0, p12 = 0, p22 = 0;
  float z = 0, w = 0, e = 0;  // last observation, difference, innovation
  float gradient_phi = 0, gradient_theta = 0;
  float s2 = 0;                  // innovation variance
  float mean = 0, variance = 0;  // of z, long-run
  std::uint32_t n = 0;           // observations
};

ArimaState arima_start(const ArimaPrior& prior);

// Learns the next value and returns its innovation (value minus one-step forecast; the first is expected at the prior
// mean, and its innovation teaches no variance).
// What is not finite counts as zero; magnitudes above 1e6 count as 1e6. Cost: about 20 ns.
float arima_learn(ArimaState& state, const ArimaPrior& prior, float value);

// Learns `steps` zeros at once, in O(1). As many calls of arima_learn with zero, but that only the first one moves
// (phi, theta) and the innovation variance; the gradients are forgotten.
void arima_skip(ArimaState& state, const ArimaPrior& prior, std::uint32_t steps);

struct ArimaForecast {
  double mean = 0, variance = 0;
};

// Of the value `horizon` (>= 1) steps ahead: the recursion's forecast, drawn to the long-run mean by rho per step. The
// variance is bounded by the series' own, shrunk to the prior's: after a long silence little is to be expected.
ArimaForecast arima_forecast(const ArimaState& state, const ArimaPrior& prior, int horizon);

// Mean of the sum of the next `horizon` squares z^2 (events, where z = sqrt(events)): each is mean^2 + variance.
double arima_volume(const ArimaState& state, const ArimaPrior& prior, int horizon);

// After a confirmed drift: (phi, theta) may move again, the variance is learned anew.
void arima_shake(ArimaState& state);

}  // namespace driftcast
