#include "models/interval.h"

#include <algorithm>
#include <cmath>

#include "models/count_distribution.h"

namespace driftcast {
namespace {

constexpr double kUserDiscount = 0.97, kCrowdDiscount = 0.9995;  // per label
constexpr double kPriorLabels = 50;                              // labels that the model's prior weighs in a crowd
constexpr double kCrowdLabels = 10;                              // labels that the crowd weighs in a user
constexpr double kUserStep = 0.20, kCrowdStep = 0.06;            // of the width, per label
constexpr double kCoarseMean = 5;                                // events at which bounds are half coarse
constexpr double kNarrowest = -3, kWidest = 4;
constexpr double kLeastDispersion = 1e-4, kLargestDispersion = 50;
constexpr double kWidthLabels = 20;       // labels at which a user's own width counts half
constexpr float kWiden = 0.26F;           // log 1.3, after a confirmed drift
constexpr double kHighestQuantile = 1.7;  // see widest_variance

double moment_dispersion(const Spread& spread) {
  if (!(spread.square > 0)) return kLeastDispersion;
  return std::clamp((spread.error - static_cast<double>(spread.mean)) / spread.square, kLeastDispersion,
                    kLargestDispersion);
}

double shrunk(double own, double labels, double other, double other_labels) {
  return (labels * own + other_labels * other) / (labels + other_labels);
}

double dispersion_of(const Spread& user, const Spread& crowd, double prior) {
  const double crowd_labels = std::min<double>(crowd.labels, 1 / (1 - kCrowdDiscount));
  const double user_labels = std::min<double>(user.labels, 1 / (1 - kUserDiscount));
  const double shared = shrunk(moment_dispersion(crowd), crowd_labels, prior, kPriorLabels);
  return shrunk(moment_dispersion(user), user_labels, shared, kCrowdLabels);
}

double width_of(const Spread& user, const Spread& crowd) {
  return std::clamp(crowd.width + user.width * (user.labels / (user.labels + kWidthLabels)), kNarrowest, kWidest);
}

// The variance at which the upper quantile is about as high as it gets. The quantile p of a gamma law with mean 1 is
// highest where its shape is near -1.7 log p (computed: factors 1.9, 1.7, 1.6 for p = 0.9, 0.95, 0.99, and flat there).
double widest_variance(double mean, double level) {
  return mean + mean * mean / (-kHighestQuantile * std::log((1 + level) / 2));
}

void learn_moments(Spread& spread, double discount, double mean, double y) {
  const auto learn = [discount](float& sum, double value) { sum = static_cast<float>(discount * sum + value); };
  learn(spread.error, (y - mean) * (y - mean));
  learn(spread.mean, mean);
  learn(spread.square, mean * mean);
  if (spread.labels < UINT32_MAX) ++spread.labels;
}

void learn_width(Spread& spread, double step, double outside, double target) {
  spread.width = static_cast<float>(std::clamp(spread.width + step * (outside - target), kNarrowest, kWidest));
}

// Part of the label's probability interval [cdf(y - 1), cdf(y)] that lies beyond the quantiles of `target` / 2.
double outside_part(const CountDistribution::Step& label, double target) {
  const double low = label.before;
  const double high = std::max(label.after, low);
  if (high - low < 1e-12) return low < target / 2 || high > 1 - target / 2 ? 1 : 0;
  const double below = std::max(0.0, std::min(high, target / 2) - low);
  const double above = std::max(0.0, high - std::max(low, 1 - target / 2));
  return (below + above) / (high - low);
}

// Whether a label lies outside the bounds_of its law: below the smallest count whose cdf reaches the lower quantile's
// probability, or above the smallest whose cdf reaches the upper one's.
bool misses(const CountDistribution::Step& label, double level) {
  return label.after < (1 - level) / 2 || label.before >= std::min((1 + level) / 2, 1 - 1e-15);
}

}  // namespace

double spread_variance(double mean, const Spread& user, const Spread& crowd, double prior_dispersion) {
  return mean + dispersion_of(user, crowd, prior_dispersion) * mean * mean;
}

double bounds_variance(double mean, const Spread& user, const Spread& crowd, double prior_dispersion, double level) {
  const double unscaled = spread_variance(mean, user, crowd, prior_dispersion);
  return std::min(unscaled * std::exp(width_of(user, crowd)), std::max(unscaled, widest_variance(mean, level)));
}

Bounds bounds_of(double mean, double variance, double level) {
  const auto [lo, hi] = CountDistribution{mean, variance}.quantiles((1 - level) / 2, (1 + level) / 2);
  return {lo, std::max(hi, std::ceil(mean))};
}

void spread_learn(Spread& user, Spread& crowd, double mean, double variance, double y, double level) {
  const CountDistribution::Step label = CountDistribution{mean, variance}.cdf_step(y);
  const double dense = mean / (mean + kCoarseMean);
  const double outside = dense * (misses(label, level) ? 1 : 0) + (1 - dense) * outside_part(label, 1 - level);
  learn_width(user, kUserStep, outside, 1 - level);
  learn_width(crowd, kCrowdStep, outside, 1 - level);
  learn_moments(user, kUserDiscount, mean, y);
  learn_moments(crowd, kCrowdDiscount, mean, y);
}

void spread_forget(Spread& user) {
  if (user.labels == 0) return;  // nothing learned, nothing to forget; nor is anything stored of such a spread
  user.error *= 0.2F;
  user.mean *= 0.2F;
  user.square *= 0.2F;
  user.width += kWiden;
}

}  // namespace driftcast
