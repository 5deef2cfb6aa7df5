// LogisticRegression: a probability from a few inputs, fitted by Newton's method (iteratively reweighted least
// squares): what a simple model reaches, beside which a network has to show itself.
//
//   p = sigmoid(intercept + sum_k weight_k (x_k - mean_k) / deviation_k)
//   minimised: mean over rows of -log(p of what came) + kRidge / 2 * sum_k weight_k^2
//
// Inputs are standardised by the fitted rows; a column that never changes gets weight 0. The ridge keeps the weights
// finite where a line parts the outcomes, and does not touch the intercept. When all outcomes are equal there is
// nothing to weigh: p is (positives + 1/2) / (rows + 1). Source: T. Hastie, R. Tibshirani, J. Friedman, "The elements
// of statistical learning" (2009), section 4.4.1.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace driftcast {

inline constexpr std::size_t kMostInputs = 8;
inline constexpr double kRidge = 1e-3;

struct LogisticRegression {
  std::size_t inputs = 0;
  double intercept = 0;
  std::array<double, kMostInputs> mean{}, deviation{}, weight{};  // first `inputs`; of constant columns deviation is 1

  // `x` [inputs], finite.
  double probability(std::span<const double> x) const;
};

// `x` [rows, inputs], row-major and finite; `outcomes` [rows], 0 or 1. Without rows p is 1/2. The same rows in the same
// order give the same bits. Cost: about ten passes over the rows.
LogisticRegression fit_logistic(std::span<const double> x, std::size_t inputs, std::span<const unsigned char> outcomes);

}  // namespace driftcast
