#include "models/drift_detector.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace driftcast {
namespace {

constexpr double kHalfStaked = 200;  // observations after which half of the stakes are out
constexpr double kLargestLogRatio = 50;

float capped(double x) { return static_cast<float>(std::min<double>(x, kMostEvidence)); }

double half_divergence(double part, double middle) { return part > 0 ? part * std::log(part / middle) : 0; }

}  // namespace

void e_detector_update(EDetector& detector, double ratio) {
  if (!std::isfinite(ratio) || ratio <= 0) return;
  detector.r = capped((1 + static_cast<double>(detector.r)) * ratio);
  const double hazard = detector.w / (kHalfStaked + detector.w);
  detector.m = capped((detector.m + detector.w * hazard) * ratio);
  detector.w = static_cast<float>(detector.w * (1 - hazard));
}

double e_detector_log_r(const EDetector& detector) { return std::log1p(static_cast<double>(detector.r)); }
double e_detector_log_e(const EDetector& detector) { return std::log(static_cast<double>(detector.m) + detector.w); }

double volume_ratio(double y, double alternative_mean, double reference_mean, double dispersion) {
  const double size = dispersion;
  const double log_ratio = y * std::log(alternative_mean / reference_mean) +
                           (y + size) * std::log((size + reference_mean) / (size + alternative_mean));
  return 0.5 * std::exp(std::clamp(log_ratio, -kLargestLogRatio, kLargestLogRatio)) + 0.5;
}

double js_divergence(std::span<const float> a, std::span<const float> b) {
  const double total_a = std::accumulate(a.begin(), a.end(), 0.0);
  const double total_b = std::accumulate(b.begin(), b.end(), 0.0);
  if (!(total_a > 0) || !(total_b > 0)) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double p = a[i] / total_a;
    const double q = b[i] / total_b;
    const double middle = (p + q) / 2;
    sum += half_divergence(p, middle) + half_divergence(q, middle);
  }
  return std::clamp(sum / 2, 0.0, std::log(2.0));
}

bool e_bh_rejects(std::span<const float> descending, float log_e, std::int64_t hypotheses, double q) {
  for (std::size_t k = descending.size(); k > 0; --k) {
    const double bar = std::log(static_cast<double>(hypotheses) / (static_cast<double>(k) * q));
    if (descending[k - 1] >= bar) return log_e >= bar;
  }
  return false;
}

}  // namespace driftcast
