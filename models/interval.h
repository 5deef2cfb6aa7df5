// Interval: the spread of a horizon's sum around its forecast, learned from matured labels, and the bounds that keep
// their promise.
//
// The sum is taken as negative binomial with variance mean + d mean^2; d is a discounted moment estimate per user,
// shrunk to the segment's. Because users change, that law's quantiles alone would lie; the variance used for bounds is
// multiplied by exp(width), and width follows the labels: up when one fell outside, down a little when it did not, so
// that in the long run the share outside is 1 - level (adaptive conformal inference on the scale of the width).
// On counts the bounds are coarse and cover more than they must. "Outside" is therefore mixed, by the size of the
// forecast: for large counts whether the label missed the bounds, for small ones the part of its probability that lies
// beyond the exact quantiles. The first alone would narrow the bounds of sparse users until they miss, the second alone
// leaves those of dense ones too wide.
// Source: I. Gibbs, E. Candes, "Adaptive conformal inference under distribution shift" (2021); A. Angelopoulos,
// E. Candes, R. Tibshirani, "Conformal PID control for time series prediction" (2023), the quantile tracker.
#pragma once

#include <cstdint>

namespace driftcast {

// Of a user or of a segment, for one horizon. Plain.
struct Spread {
  float error = 0;   // discounted sums over labels: (y - mean)^2
  float mean = 0;    //   mean
  float square = 0;  //   mean^2
  float width = 0;   // log of what the variance is multiplied by, for bounds
  std::uint32_t labels = 0;
};

struct Bounds {
  double lo = 0, hi = 0;  // both included
};

// Variance of the sum around a forecast `mean`; at least the Poisson law's.
double spread_variance(double mean, const Spread& user, const Spread& crowd, double prior_dispersion);

// Variance to take the quantiles of `level` from. Not so large that a larger one would bring the upper quantile down: a
// law of ever more zeros and ever larger counts has all its quantiles at zero in the end.
double bounds_variance(double mean, const Spread& user, const Spread& crowd, double prior_dispersion, double level);

// Bounds that cover with probability `level`, the mean among what they cover.
Bounds bounds_of(double mean, double variance, double level);

// Learns a matured label: the forecast, the `variance` its bounds were taken from, what came.
void spread_learn(Spread& user, Spread& crowd, double mean, double variance, double y, double level);

// After a confirmed drift: wider for a while, and the spread is learned anew. Without labels nothing happens.
void spread_forget(Spread& user);

}  // namespace driftcast
