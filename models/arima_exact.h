// Exact ARIMA: the Gaussian maximum likelihood fit of a seasonal ARIMA to a whole series. The oracle of the online
// form in arima.h; needs all history, works on bare values, is not for the stream.
//
// y_t, t = 0..n-1, differenced: w_t = (1 - B)^d (1 - B^s)^D y_t, n' = n - d - s D values, and
//
//   phi(B) Phi(B^s) (w_t - mean) = theta(B) Theta(B^s) e_t,   e_t ~ N(0, sigma2)
//   phi(B) = 1 - ar_1 B - ... - ar_p B^p,   theta(B) = 1 + ma_1 B + ... + ma_q B^q;   Phi, Theta likewise in B^s
//
// The likelihood is that of w, exact, with w stationary from the start; by the Kalman filter of the state space form
// of A. Harvey, "Forecasting, Structural Time Series Models and the Kalman Filter" (1989), 3.3 and 4.3, with r =
// max(p + s P, q + s Q + 1) states, as in G. Gardner, A. Harvey, G. Phillips, AS 154, Applied Statistics 29 (1980):
//
//   a_(t+1) = T a_t + R e_t,  w_t - mean = first of a_t;  T = (coefficients of phi Phi | identity, shifted),
//   R = (1, coefficients of theta Theta);  covariance at the start: P = T P T' + R R', by doubling.
//
// With v_t the one-step errors and sigma2 F_t their variances, sigma2 = mean(v_t^2 / F_t) and the mean (generalised
// least squares) are solved for, so that the search goes over the p + q + P + Q coefficients alone, through partial
// autocorrelations tanh(u), which keep every polynomial stationary or invertible: O. Barndorff-Nielsen, G. Schou,
// J. Multivariate Analysis 3 (1973); R. Jones, Technometrics 22 (1980).
#pragma once

#include <span>
#include <vector>

#include "core/result.h"

namespace driftcast {

struct ArimaOrder {
  int p = 0, d = 0, q = 0;
  int seasonal_p = 0, seasonal_d = 0, seasonal_q = 0;
  int season = 0;     // s, steps; at least 2 where a seasonal order is above zero
  bool mean = false;  // estimate the mean of w (the drift per step where d = 1); else it is 0
};

struct ArimaFit {
  ArimaOrder order;
  std::vector<double> ar, ma, seasonal_ar, seasonal_ma;  // [p], [q], [P], [Q], signs as above
  double mean = 0;                                       // of w
  double sigma2 = 0;                                     // innovation variance, in units of w squared
  double log_likelihood = 0;                             // natural, of w
  double aic = 0;                                        // -2 log_likelihood + 2 (coefficients + mean + 1)
};

// Maximises the likelihood over the models of this order. Fails with kUsage on an impossible order, with kData on a
// value that is not finite, on fewer than coefficients + 2 values of w, and on a w that is constant.
// Cost: some 500 to 5,000 filters of O(n' r^2 + r^3); milliseconds for n = 300 and order (1,1,1).
Result<ArimaFit> fit_arima(std::span<const double> series, const ArimaOrder& order);

// What the model of a fit says, step by step, about a series.
struct OneStepErrors {
  std::vector<double> error;     // [n'] v_t = y_t minus its forecast from all values before it
  std::vector<double> variance;  // [n'] F_t, in units of sigma2; falls to 1 as the past grows
};

// Filters `series` with the coefficients and mean of `fit`, which may come from another series. The first d + s D
// values have no forecast; error i belongs to value i + d + s D. Fails on an impossible order, a value that is not
// finite, and a series of d + s D values or fewer.
Result<OneStepErrors> one_step_errors(const ArimaFit& fit, std::span<const double> series);

}  // namespace driftcast
