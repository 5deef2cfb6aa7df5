// CountDistribution: what the sum of some coming counts may be, as a negative binomial law of given mean and variance.
//
// Variance above the mean: negative binomial with size r = mean^2 / (variance - mean). Else Poisson: a variance below
// the mean is not represented. Probabilities are exact to about 1e-12 everywhere (saddle-point form of C. Loader,
// "Fast and accurate computation of binomial probabilities", 2000). cdf and quantile sum them exactly where mean <=
// 256 and the count <= 1024, and elsewhere use the shifted gamma law with the same mean, variance and skewness, at
// count + 1/2 (above shape 100 by E. Wilson and M. Hilferty, PNAS 17, 1931); the two agree within 1e-3 where they meet.
//
// The law stands alone: no discounted empirical distribution is mixed in. Means and dispersions follow the user, and
// interval.h corrects the tails; a mixture would cost a histogram per user.
#pragma once

namespace driftcast {

struct CountDistribution {
  double mean = 0;      // in [0, 1e9]; values outside, and NaN, are read as the nearest end
  double variance = 0;  // in [0, 1e18]

  // Natural logarithm of P(Y = y), y rounded to the nearest count; never below -745, so that a score stays finite.
  double log_probability(double y) const;

  // P(Y <= y); 0 below zero, never decreasing in y. Cost: O(min(y, 1024)), or a fraction of a microsecond for large means.
  double cdf(double y) const;

  // cdf(y - 1) and cdf(y), at the cost of one.
  struct Step {
    double before = 0, after = 0;
  };
  Step cdf_step(double y) const;

  // The smallest count k with cdf(k) >= p. p is clamped to [0, 1 - 1e-15].
  double quantile(double p) const;

  // quantile(low) and quantile(high), low <= high, at the cost of one.
  struct Range {
    double low = 0, high = 0;
  };
  Range quantiles(double low, double high) const;
};

// How the log-probability of `y` changes with the logarithm of d, of the law with variance mean + d mean^2: its
// derivative, zero on average over the law. mean > 0, y >= 0, d in [1e-4, 1e4]: smaller ones cost digits.
double dispersion_score(double mean, double d, double y);

}  // namespace driftcast
