#include "models/arima_exact.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>

#include "models/minimise.h"

namespace driftcast {
namespace {

using Eigen::Index;
using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

constexpr double kFarthest = 9;  // bound of |u|: partial autocorrelations stay within 1 - 3e-8
constexpr int kDoublings = 60;

int coefficients(const ArimaOrder& order) { return order.p + order.q + order.seasonal_p + order.seasonal_q; }
int lost(const ArimaOrder& order) { return order.d + order.season * order.seasonal_d; }

Result<void> check(const ArimaOrder& order) {
  const int lowest =
      std::min({order.p, order.d, order.q, order.seasonal_p, order.seasonal_d, order.seasonal_q, order.season});
  if (lowest < 0) return error(ErrorCode::kUsage, "ARIMA order: a negative number");
  const bool seasonal = order.seasonal_p + order.seasonal_d + order.seasonal_q > 0;
  if (seasonal && order.season < 2) {
    return error(ErrorCode::kUsage, "ARIMA order: seasonal terms with a season of " + std::to_string(order.season));
  }
  return {};
}

Error too_short(std::span<const double> series) {
  return error(ErrorCode::kData,
               "ARIMA series: " + std::to_string(series.size()) + " values are too few for the order");
}

void difference(std::vector<double>& values, int lag) {
  const auto shift = static_cast<std::size_t>(lag);
  for (std::size_t i = values.size(); i-- > shift;) values[i] -= values[i - shift];
  values.erase(values.begin(), values.begin() + lag);
}

// w, or why there is none.
Result<std::vector<double>> differenced(std::span<const double> series, const ArimaOrder& order) {
  DRIFTCAST_TRY(check(order));
  if (!std::all_of(series.begin(), series.end(), [](double y) { return std::isfinite(y); })) {
    return error(ErrorCode::kData, "ARIMA series: a value that is not finite");
  }
  if (series.size() <= static_cast<std::size_t>(lost(order))) return too_short(series);
  std::vector<double> values(series.begin(), series.end());
  for (int i = 0; i < order.seasonal_d; ++i) difference(values, order.season);
  for (int i = 0; i < order.d; ++i) difference(values, 1);
  return values;
}

// Coefficients of B, B^2, ... in the product of two polynomials with leading 1; `sign` -1: theirs are negated.
Vector product(std::span<const double> plain, std::span<const double> seasonal, int season, double sign) {
  const auto size = static_cast<Index>(plain.size()) + static_cast<Index>(seasonal.size()) * season;
  Vector result = Vector::Zero(size);
  const auto at = [&](std::size_t i, std::size_t j) -> double& {
    return result[static_cast<Index>(i) + static_cast<Index>(j) * season - 1];
  };
  for (std::size_t i = 1; i <= plain.size(); ++i) at(i, 0) += plain[i - 1];
  for (std::size_t j = 1; j <= seasonal.size(); ++j) {
    at(0, j) += seasonal[j - 1];
    for (std::size_t i = 1; i <= plain.size(); ++i) at(i, j) += sign * plain[i - 1] * seasonal[j - 1];
  }
  return result;
}

// The state space form, for innovations of variance 1.
struct StateSpace {
  Vector transition;  // [r] first column of T
  Vector loading;     // [r] R

  explicit StateSpace(const ArimaFit& fit) {
    const Vector phi = product(fit.ar, fit.seasonal_ar, fit.order.season, -1);
    const Vector theta = product(fit.ma, fit.seasonal_ma, fit.order.season, 1);
    const Index states = std::max(phi.size(), theta.size() + 1);
    transition = Vector::Zero(states);
    transition.head(phi.size()) = phi;
    loading = Vector::Zero(states);
    loading[0] = 1;
    loading.segment(1, theta.size()) = theta;
  }

  // T x.
  Matrix advance(const Matrix& x) const {
    Matrix next = transition * x.row(0);
    next.topRows(x.rows() - 1) += x.bottomRows(x.rows() - 1);
    return next;
  }

  Matrix predicted(const Matrix& covariance) const {
    return advance(advance(covariance).transpose()) + loading * loading.transpose();
  }

  // Sum of T^i R R' T'^i: each round doubles the number of terms.
  Matrix stationary() const {
    Matrix power = advance(Matrix::Identity(loading.size(), loading.size()));
    Matrix sum = loading * loading.transpose();
    for (int i = 0; i < kDoublings; ++i) {
      const Matrix more = power * sum * power.transpose();
      sum += more;
      if (!(more.cwiseAbs().maxCoeff() > 1e-16 * sum.cwiseAbs().maxCoeff())) break;
      power *= power;
    }
    return sum;
  }
};

struct Filtered {
  Matrix error;     // [n', columns]
  Vector variance;  // [n']
};

// Filters every column of `observed` [n', columns] at once: gains and variances do not depend on the values.
Filtered filter(const StateSpace& model, const Matrix& observed) {
  Filtered result{Matrix(observed.rows(), observed.cols()), Vector(observed.rows())};
  Matrix state = Matrix::Zero(model.loading.size(), observed.cols());
  Matrix covariance = model.stationary();
  for (Index t = 0; t < observed.rows(); ++t) {
    result.error.row(t) = observed.row(t) - state.row(0);
    result.variance[t] = covariance(0, 0);
    const Vector gain = covariance.col(0) / result.variance[t];
    const Matrix known = gain * covariance.row(0);
    state = model.advance(state + gain * result.error.row(t));
    covariance = model.predicted(covariance - known);
  }
  return result;
}

// Fills in what follows from the coefficients of `fit`: mean, sigma2, log-likelihood.
void concentrate(ArimaFit& fit, const std::vector<double>& values) {
  const auto n = static_cast<Index>(values.size());
  Matrix observed = Matrix::Ones(n, fit.order.mean ? 2 : 1);
  observed.col(0) = Eigen::Map<const Vector>(values.data(), n);
  const Filtered filtered = filter(StateSpace(fit), observed);
  const Vector precision = filtered.variance.cwiseInverse();
  Vector error = filtered.error.col(0);
  if (fit.order.mean) {
    const Vector ones = filtered.error.col(1);
    fit.mean = ones.cwiseProduct(precision).dot(error) / ones.cwiseProduct(precision).dot(ones);
    error -= fit.mean * ones;
  }
  const auto count = static_cast<double>(n);
  fit.sigma2 = error.cwiseProduct(precision).dot(error) / count;
  fit.log_likelihood =
      -0.5 * (count * (std::log(2 * std::numbers::pi * fit.sigma2) + 1) + filtered.variance.array().log().sum());
}

// The coefficients of a stationary autoregression with partial autocorrelations tanh(u) (Durbin and Levinson).
std::vector<double> stationary_coefficients(std::span<const double> u) {
  std::vector<double> result;
  for (const double free : u) {
    const double partial = std::tanh(std::clamp(free, -kFarthest, kFarthest));
    const std::vector<double> before = result;
    for (std::size_t i = 0; i < before.size(); ++i) result[i] -= partial * before[before.size() - 1 - i];
    result.push_back(partial);
  }
  return result;
}

std::vector<double> invertible_coefficients(std::span<const double> u) {
  std::vector<double> result = stationary_coefficients(u);
  for (double& coefficient : result) coefficient = -coefficient;
  return result;
}

// `u` [p + q + P + Q], unbounded, in the order ar, ma, seasonal_ar, seasonal_ma.
ArimaFit fit_at(std::span<const double> u, const ArimaOrder& order, const std::vector<double>& values) {
  const auto take = [&u](int count) {
    const auto part = u.first(static_cast<std::size_t>(count));
    u = u.subspan(static_cast<std::size_t>(count));
    return part;
  };
  ArimaFit fit;
  fit.order = order;
  fit.ar = stationary_coefficients(take(order.p));
  fit.ma = invertible_coefficients(take(order.q));
  fit.seasonal_ar = stationary_coefficients(take(order.seasonal_p));
  fit.seasonal_ma = invertible_coefficients(take(order.seasonal_q));
  concentrate(fit, values);
  return fit;
}

// Starting points: the first autoregressive and the first moving-average term at zero and to either side.
std::vector<std::vector<double>> starts(const ArimaOrder& order) {
  std::vector<std::vector<double>> result;
  for (const double ar : {0.0, 0.7, -0.7}) {
    for (const double ma : {0.0, 0.7, -0.7}) {
      if ((order.p == 0 && ar != 0) || (order.q == 0 && ma != 0)) continue;
      std::vector<double> start(static_cast<std::size_t>(coefficients(order)), 0.0);
      if (order.p > 0) start[0] = ar;
      if (order.q > 0) start[static_cast<std::size_t>(order.p)] = ma;
      result.push_back(std::move(start));
    }
  }
  return result;
}

bool constant(const std::vector<double>& values, bool mean) {
  const double level = mean ? values.front() : 0;
  return std::all_of(values.begin(), values.end(), [level](double w) { return w == level; });
}

}  // namespace

Result<ArimaFit> fit_arima(std::span<const double> series, const ArimaOrder& order) {
  auto values = differenced(series, order);
  if (!values) return values.error();
  if (values->size() < static_cast<std::size_t>(coefficients(order)) + 2) return too_short(series);
  if (constant(*values, order.mean)) return error(ErrorCode::kData, "ARIMA series: constant");
  const Objective unlikelihood = [&](std::span<const double> u) { return -fit_at(u, order, *values).log_likelihood; };
  std::optional<Minimum> best;
  for (const std::vector<double>& start : starts(order)) {
    Minimum found = minimise(unlikelihood, start);
    if (!best || found.value < best->value) best = std::move(found);
  }
  ArimaFit fit = fit_at(best->at, order, *values);
  fit.aic = -2 * fit.log_likelihood + 2 * (coefficients(order) + (order.mean ? 1 : 0) + 1);
  return fit;
}

Result<OneStepErrors> one_step_errors(const ArimaFit& fit, std::span<const double> series) {
  auto values = differenced(series, fit.order);
  if (!values) return values.error();
  const auto n = static_cast<Index>(values->size());
  const Vector centred = Eigen::Map<const Vector>(values->data(), n).array() - fit.mean;
  const Filtered filtered = filter(StateSpace(fit), centred);
  return OneStepErrors{{filtered.error.col(0).begin(), filtered.error.col(0).end()},
                       {filtered.variance.begin(), filtered.variance.end()}};
}

}  // namespace driftcast
