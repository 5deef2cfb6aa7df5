#include "pipeline/evaluation/logistic_regression.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/check.h"

namespace driftcast {
namespace {

constexpr int kMostRounds = 50;
constexpr int kMostHalvings = 30;
constexpr double kSmallStep = 1e-9;  // of every coefficient: the minimum is reached
constexpr std::size_t kMostUnknowns = kMostInputs + 1;

using Vector = std::array<double, kMostUnknowns>;  // the weights, then the intercept
using Matrix = std::array<Vector, kMostUnknowns>;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// log(1 + exp(x)) without overflow.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

// Solves a x = b for a symmetric positive definite matrix, by Cholesky's decomposition; `a` is used up.
Vector solve(Matrix& a, const Vector& b, std::size_t n) {
  Vector x{};
  for (std::size_t i = 0; i < n; ++i) {
    double rest = b[i];
    for (std::size_t j = 0; j < i; ++j) {
      for (std::size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] /= a[j][j];
      a[i][i] -= a[i][j] * a[i][j];
      rest -= a[i][j] * x[j];
    }
    a[i][i] = std::sqrt(std::max(a[i][i], std::numeric_limits<double>::min()));
    x[i] = rest / a[i][i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = i + 1; j < n; ++j) x[i] -= a[j][i] * x[j];
    x[i] /= a[i][i];
  }
  return x;
}

// Standardised rows, each followed by a one for the intercept, and what is minimised over them.
struct Problem {
  std::size_t unknowns = 0;
  std::vector<double> x;  // [rows, unknowns]
  std::span<const unsigned char> outcomes;

  double linear(std::size_t row, const Vector& at) const {
    double sum = 0;
    for (std::size_t k = 0; k < unknowns; ++k) sum += x[row * unknowns + k] * at[k];
    return sum;
  }
  double loss(const Vector& at) const {
    double sum = 0;
    for (std::size_t row = 0; row < outcomes.size(); ++row) {
      const double z = linear(row, at);
      sum += softplus(outcomes[row] != 0 ? -z : z);
    }
    double squares = 0;
    for (std::size_t k = 0; k + 1 < unknowns; ++k) squares += at[k] * at[k];
    return sum / static_cast<double>(outcomes.size()) + kRidge / 2 * squares;
  }
  Vector newton_step(const Vector& at) const;
};

Vector Problem::newton_step(const Vector& at) const {
  Matrix curvature{};
  Vector slope{};
  for (std::size_t row = 0; row < outcomes.size(); ++row) {
    const double p = sigmoid(linear(row, at));
    const double* const values = &x[row * unknowns];
    for (std::size_t i = 0; i < unknowns; ++i) {
      slope[i] += (p - (outcomes[row] != 0 ? 1 : 0)) * values[i];
      for (std::size_t j = 0; j <= i; ++j) curvature[i][j] += p * (1 - p) * values[i] * values[j];
    }
  }
  const auto rows = static_cast<double>(outcomes.size());
  for (std::size_t i = 0; i < unknowns; ++i) {
    const double ridge = i + 1 < unknowns ? kRidge : 0;
    slope[i] = slope[i] / rows + ridge * at[i];
    for (std::size_t j = 0; j <= i; ++j) curvature[i][j] /= rows;
    curvature[i][i] += ridge;
  }
  return solve(curvature, slope, unknowns);
}

Vector minimum_of(const Problem& problem, Vector at) {
  double loss = problem.loss(at);
  for (int round = 0; round < kMostRounds; ++round) {
    const Vector step = problem.newton_step(at);
    double scale = 1;
    for (int halving = 0; halving < kMostHalvings; ++halving, scale /= 2) {
      Vector next = at;
      for (std::size_t k = 0; k < problem.unknowns; ++k) next[k] -= scale * step[k];
      const double next_loss = problem.loss(next);
      if (!(next_loss < loss)) continue;
      at = next;
      loss = next_loss;
      break;
    }
    const auto small = [](double change) { return std::abs(change) < kSmallStep; };
    if (scale < 1e-8 || std::all_of(step.begin(), step.end(), small)) break;
  }
  return at;
}

void standardise(LogisticRegression& model, std::span<const double> x, std::size_t rows) {
  for (std::size_t k = 0; k < model.inputs; ++k) {
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row) sum += x[row * model.inputs + k];
    model.mean[k] = sum / static_cast<double>(rows);
    double squares = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const double difference = x[row * model.inputs + k] - model.mean[k];
      squares += difference * difference;
    }
    const double deviation = std::sqrt(squares / static_cast<double>(rows));
    // What the rounding of the mean alone would make is no deviation.
    model.deviation[k] = deviation > 1e-12 * std::max(1.0, std::abs(model.mean[k])) ? deviation : 0;
  }
}

Problem problem_of(const LogisticRegression& model, std::span<const double> x,
                   std::span<const unsigned char> outcomes) {
  Problem problem{model.inputs + 1, {}, outcomes};
  problem.x.reserve(outcomes.size() * problem.unknowns);
  for (std::size_t row = 0; row < outcomes.size(); ++row) {
    for (std::size_t k = 0; k < model.inputs; ++k) {
      const double centred = x[row * model.inputs + k] - model.mean[k];
      problem.x.push_back(model.deviation[k] > 0 ? centred / model.deviation[k] : 0);
    }
    problem.x.push_back(1);
  }
  return problem;
}

}  // namespace

double LogisticRegression::probability(std::span<const double> x) const {
  DRIFTCAST_CHECK(x.size() == inputs);
  double z = intercept;
  for (std::size_t k = 0; k < inputs; ++k) z += weight[k] * (x[k] - mean[k]) / deviation[k];
  return sigmoid(z);
}

LogisticRegression fit_logistic(std::span<const double> x, std::size_t inputs,
                                std::span<const unsigned char> outcomes) {
  DRIFTCAST_CHECK(inputs <= kMostInputs && x.size() == inputs * outcomes.size());
  LogisticRegression model;
  model.inputs = inputs;
  model.deviation.fill(1);
  const auto rows = static_cast<double>(outcomes.size());
  const auto positives = static_cast<double>(std::count(outcomes.begin(), outcomes.end(), 1));
  const double share = (positives + 0.5) / (rows + 1);
  model.intercept = std::log(share / (1 - share));
  if (positives == 0 || positives == rows) return model;
  standardise(model, x, outcomes.size());
  Vector at{};
  at[inputs] = model.intercept;
  const Vector found = minimum_of(problem_of(model, x, outcomes), at);
  for (std::size_t k = 0; k < inputs; ++k) model.weight[k] = found[k];
  model.intercept = found[inputs];
  std::replace(model.deviation.begin(), model.deviation.end(), 0.0, 1.0);
  return model;
}

}  // namespace driftcast
