#include "models/torch/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace driftcast {

namespace {

constexpr double kLeastOutcomes = 10;
constexpr double kRidge = 1e-3;  // towards the line that changes nothing; keeps Newton's matrix from being singular
constexpr int kMostSteps = 50;

// The derivatives of the log loss at a line.
struct Slope {
  double loss = 0, d_slope = 0, d_offset = 0, dd_slope = 0, dd_both = 0, dd_offset = 0;
};

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

Slope slope_at(const Calibration& line, std::span<const float> logits, std::span<const float> outcomes) {
  Slope at;
  at.loss = kRidge / 2 * ((line.slope - 1) * (line.slope - 1) + line.offset * line.offset);
  at.d_slope = kRidge * (line.slope - 1);
  at.d_offset = kRidge * line.offset;
  at.dd_slope = at.dd_offset = kRidge;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double x = static_cast<double>(logits[i]), y = static_cast<double>(outcomes[i]);
    const double z = line.slope * x + line.offset;
    const double p = 1 / (1 + std::exp(-z)), spread = p * (1 - p);
    at.loss += softplus(z) - y * z;
    at.d_slope += (p - y) * x;
    at.d_offset += p - y;
    at.dd_slope += spread * x * x;
    at.dd_both += spread * x;
    at.dd_offset += spread;
  }
  return at;
}

Calibration newton_step(const Calibration& from, const Slope& at, double share) {
  const double determinant = at.dd_slope * at.dd_offset - at.dd_both * at.dd_both;
  return {.slope = from.slope - share * (at.dd_offset * at.d_slope - at.dd_both * at.d_offset) / determinant,
          .offset = from.offset - share * (at.dd_slope * at.d_offset - at.dd_both * at.d_slope) / determinant};
}

}  // namespace

Calibration fit_calibration(std::span<const float> logits, std::span<const float> outcomes) {
  double yes = 0;
  for (const float outcome : outcomes) yes += static_cast<double>(outcome);
  if (std::min(yes, static_cast<double>(outcomes.size()) - yes) < kLeastOutcomes) return {};
  Calibration line;
  Slope at = slope_at(line, logits, outcomes);
  for (int i = 0; i < kMostSteps; ++i) {
    const double before = at.loss;
    double share = 1;
    Calibration next = newton_step(line, at, share);
    Slope there = slope_at(next, logits, outcomes);
    while (there.loss > before && share > 1e-6) {
      next = newton_step(line, at, share /= 2);
      there = slope_at(next, logits, outcomes);
    }
    if (!(there.loss < before)) break;
    line = next;
    at = there;
    if (before - at.loss < 1e-10 * before) break;
  }
  return line.slope > 0 ? line : Calibration{};
}

}  // namespace driftcast
