#include "models/minimise.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

namespace driftcast {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

constexpr double kFirstEdge = 0.3;      // of the simplex
constexpr double kSimplexDone = 1e-6;   // spread of its values
constexpr double kSimplexSmall = 1e-4;  // and its size, when BFGS takes over
constexpr int kCallsPerVariable = 400;
constexpr int kDescents = 200;
constexpr int kHalvings = 40;
constexpr double kDescentDone = 1e-13;  // relative gain of a descent

class Function {
 public:
  explicit Function(const Objective& objective) : objective_(objective) {}

  double operator()(const Vector& x) const {
    const double value = objective_({x.data(), static_cast<std::size_t>(x.size())});
    return std::isfinite(value) ? value : std::numeric_limits<double>::infinity();
  }

  Vector gradient(const Vector& x) const {
    Vector slope(x.size());
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      const double width = 1e-5 * (1 + std::abs(x[i]));
      Vector up = x;
      Vector down = x;
      up[i] += width;
      down[i] -= width;
      slope[i] = ((*this)(up) - (*this)(down)) / (up[i] - down[i]);
    }
    return slope;
  }

 private:
  const Objective& objective_;
};

struct Point {
  Vector at;
  double value;
};

Point try_point(const Function& f, Vector at) {
  const double value = f(at);
  return {std::move(at), value};
}

std::vector<Point> first_simplex(const Function& f, const Vector& start) {
  std::vector<Point> simplex{try_point(f, start)};
  for (Eigen::Index i = 0; i < start.size(); ++i) {
    simplex.push_back(try_point(f, start + kFirstEdge * Vector::Unit(start.size(), i)));
  }
  return simplex;
}

bool settled(const std::vector<Point>& sorted) {
  if (!(sorted.back().value - sorted.front().value <= kSimplexDone)) return false;
  double size = 0;
  for (const Point& point : sorted) size = std::max(size, (point.at - sorted.front().at).lpNorm<Eigen::Infinity>());
  return size <= kSimplexSmall;
}

// Replaces the worst corner, or draws all towards the best. Returns the calls made.
int move_simplex(const Function& f, std::vector<Point>& sorted) {
  const auto n = static_cast<double>(sorted.size() - 1);
  Vector centre = Vector::Zero(sorted.front().at.size());
  for (std::size_t i = 0; i + 1 < sorted.size(); ++i) centre += sorted[i].at / n;
  Point& worst = sorted.back();
  const Vector away = centre - worst.at;
  Point reflected = try_point(f, centre + away);
  if (reflected.value < sorted.front().value) {
    Point expanded = try_point(f, centre + 2 * away);
    worst = expanded.value < reflected.value ? std::move(expanded) : std::move(reflected);
    return 2;
  }
  if (reflected.value < sorted[sorted.size() - 2].value) {
    worst = std::move(reflected);
    return 1;
  }
  const double side = reflected.value < worst.value ? 0.5 : -0.5;
  Point contracted = try_point(f, centre + side * away);
  if (contracted.value < std::min(reflected.value, worst.value)) {
    worst = std::move(contracted);
    return 2;
  }
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    sorted[i] = try_point(f, 0.5 * (sorted.front().at + sorted[i].at));
  }
  return 2 + static_cast<int>(sorted.size()) - 1;
}

Point nelder_mead(const Function& f, const Vector& start) {
  std::vector<Point> simplex = first_simplex(f, start);
  const auto lower = [](const Point& a, const Point& b) { return a.value < b.value; };
  const int calls_max = kCallsPerVariable * static_cast<int>(start.size());
  for (int calls = 0; calls < calls_max;) {
    std::stable_sort(simplex.begin(), simplex.end(), lower);
    if (settled(simplex)) break;
    calls += move_simplex(f, simplex);
  }
  return *std::min_element(simplex.begin(), simplex.end(), lower);
}

// Halves the step until it gains at least a ten thousandth of what the slope promises (Armijo).
Point descend(const Function& f, const Point& from, const Vector& direction, double slope) {
  double length = 1;
  for (int i = 0; i < kHalvings; ++i, length /= 2) {
    Point next = try_point(f, from.at + length * direction);
    if (next.value <= from.value + 1e-4 * length * slope) return next;
  }
  return from;
}

Point bfgs(const Function& f, Point best) {
  const Eigen::Index n = best.at.size();
  Matrix inverse = Matrix::Identity(n, n);  // of the curvature
  Vector gradient = f.gradient(best.at);
  for (int i = 0; i < kDescents && gradient.allFinite(); ++i) {
    Vector direction = -inverse * gradient;
    if (!(direction.dot(gradient) < 0)) {
      inverse.setIdentity();
      direction = -gradient;
    }
    Point next = descend(f, best, direction, direction.dot(gradient));
    const double gain = best.value - next.value;
    const Vector step = next.at - best.at;
    best = std::move(next);
    if (!(gain > kDescentDone * (1 + std::abs(best.value)))) break;
    const Vector turned = f.gradient(best.at);
    const Vector change = turned - gradient;
    gradient = turned;
    const double curvature = step.dot(change);
    if (!(curvature > 0)) continue;
    const Matrix shear = Matrix::Identity(n, n) - step * change.transpose() / curvature;
    inverse = shear * inverse * shear.transpose() + step * step.transpose() / curvature;
  }
  return best;
}

}  // namespace

Minimum minimise(const Objective& objective, std::span<const double> start) {
  const Function f(objective);
  const Vector from = Eigen::Map<const Vector>(start.data(), static_cast<Eigen::Index>(start.size()));
  Point best = try_point(f, from);
  if (!start.empty()) best = bfgs(f, nelder_mead(f, from));
  return {{best.at.begin(), best.at.end()}, best.value};
}

}  // namespace driftcast
