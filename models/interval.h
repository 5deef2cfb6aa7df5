// Interval: the spread of a horizon's sum around its forecast, learned from matured labels, and the bounds that keep
// their promise.
//
// The sum is taken as negative binomial with variance mean + d mean^2. log d climbs the likelihood, a step per label:
// the segment's from the prior's, the user's from the segment's, to which it slowly returns. The prior's is each
// forecast's own: the network's word, or the model's for the segment. (A moment estimate waits for the rare large label
// of a user who mostly does nothing, and is far too small until it comes.) Because users change, that law's quantiles
// alone would lie; the variance used for bounds is multiplied by exp(width), and width follows the labels: up when one
// fell outside, down a little when it did not, so that in the long run the share outside is 1 - level (adaptive
// conformal inference on the scale of the width).
// On counts the bounds are coarse and cover more than they must. "Outside" is therefore mixed, by the size of the
// forecast: for large counts whether the label missed the bounds, for small ones the part of its probability that lies
// beyond the exact quantiles. The first alone would narrow the bounds of sparse users until they miss, the second alone
// leaves those of dense ones too wide.
// Sources: D. Creal, S. J. Koopman, A. Lucas, "Generalized autoregressive score models" (2013); I. Gibbs, E. Candes,
// "Adaptive conformal inference under distribution shift" (2021); A. Angelopoulos, E. Candes, R. Tibshirani, "Conformal
// PID control for time series prediction" (2023), the quantile tracker.
#pragma once

#include <cstdint>

namespace driftcast {

inline constexpr double kLeastDispersion = 1e-4, kLargestDispersion = 200;  // of any law here

// Of a user or of a segment, for one horizon. Plain.
struct Spread {
  float dispersion = 0;  // log of the segment's d over the prior's, or of the user's over the segment's
  float width = 0;       // log of what the variance is multiplied by, for bounds
  std::uint32_t labels = 0;
};

struct Bounds {
  double lo = 0, hi = 0;  // both included
};

// Variance of the sum around a forecast `mean`; at least the Poisson law's.
double spread_variance(double mean, const Spread& user, const Spread& crowd, double prior_dispersion);

// Variance to take the quantiles of `level` from. Not so large that a smaller one would have a higher upper quantile: a
// law of ever more zeros and ever larger counts has all its quantiles at zero in the end.
double bounds_variance(double mean, const Spread& user, const Spread& crowd, double prior_dispersion, double level);

// Bounds that cover with probability `level`, the mean among what they cover.
Bounds bounds_of(double mean, double variance, double level);

// Learns a matured label: the forecast, the `variance` its bounds were taken from, what came.
// Costs a microsecond.
void spread_learn(Spread& user, Spread& crowd, double prior_dispersion, double mean, double variance, double y,
                  double level);

// After a confirmed drift: bounds are wider for a while. Without labels nothing happens.
void spread_forget(Spread& user);

}  // namespace driftcast
