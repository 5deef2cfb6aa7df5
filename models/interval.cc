#include "models/interval.h"

#include <algorithm>
#include <cmath>

#include "models/count_distribution.h"

namespace driftcast {
namespace {

constexpr double kUserPace = 0.2;                      // of log d along its score, per label
constexpr double kUserReturn = 0.02;                   // of log d to the crowd's, per label
constexpr double kCrowdPace = 0.01;                    // as kUserPace; a crowd's first labels count more
constexpr double kCrowdFirst = 5;                      // labels after which they count half as much
constexpr double kLargestScore = 2;                    // of a label: only outliers have more
constexpr double kUserStep = 0.20, kCrowdStep = 0.06;  // of the width, per label
constexpr double kCoarseMean = 5;                      // events at which bounds are half coarse
constexpr double kNarrowest = -3, kWidest = 4;
constexpr double kLeastMean = 1e-4;       // that tells anything of d
constexpr double kWidthLabels = 20;       // labels at which a user's own width counts half
constexpr float kWiden = 0.26F;           // log 1.3, after a confirmed drift
constexpr double kHighestQuantile = 1.7;  // see widest_variance

double dispersion_of(const Spread& user, const Spread& crowd, double prior) {
  return std::clamp(prior * std::exp(static_cast<double>(crowd.dispersion) + user.dispersion), kLeastDispersion,
                    kLargestDispersion);
}

double width_of(const Spread& user, const Spread& crowd) {
  return std::clamp(crowd.width + user.width * (user.labels / (user.labels + kWidthLabels)), kNarrowest, kWidest);
}

// The variance at which the upper quantile is about as high as it gets. The quantile p of a gamma law with mean 1 is
// highest where its shape is near -1.7 log p (computed: factors 1.9, 1.7, 1.6 for p = 0.9, 0.95, 0.99, and flat there).
double widest_variance(double mean, double level) {
  return mean + mean * mean / (-kHighestQuantile * std::log((1 + level) / 2));
}

// Both stay where d can follow.
void learn_dispersion(Spread& user, Spread& crowd, double prior, double mean, double y) {
  const double d = dispersion_of(user, crowd, prior);
  const double score = std::clamp(dispersion_score(std::max(mean, kLeastMean), d, y), -kLargestScore, kLargestScore);
  const double least = std::log(kLeastDispersion / prior);
  const double largest = std::log(kLargestDispersion / prior);
  const double own = user.dispersion + kUserPace * score - kUserReturn * user.dispersion;
  const double shared = crowd.dispersion + (kCrowdPace + 1 / (kCrowdFirst + crowd.labels)) * score;
  user.dispersion = static_cast<float>(std::clamp(own, least - crowd.dispersion, largest - crowd.dispersion));
  crowd.dispersion = static_cast<float>(std::clamp(shared, least, largest));
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
  return std::min(unscaled * std::exp(width_of(user, crowd)), widest_variance(mean, level));
}

Bounds bounds_of(double mean, double variance, double level) {
  const auto [lo, hi] = CountDistribution{mean, variance}.quantiles((1 - level) / 2, (1 + level) / 2);
  return {lo, std::max(hi, std::ceil(mean))};
}

void spread_learn(Spread& user, Spread& crowd, double prior_dispersion, double mean, double variance, double y,
                  double level) {
  const CountDistribution::Step label = CountDistribution{mean, variance}.cdf_step(y);
  const double dense = mean / (mean + kCoarseMean);
  const double outside = dense * (misses(label, level) ? 1 : 0) + (1 - dense) * outside_part(label, 1 - level);
  learn_width(user, kUserStep, outside, 1 - level);
  learn_width(crowd, kCrowdStep, outside, 1 - level);
  learn_dispersion(user, crowd, prior_dispersion, mean, y);
  for (Spread* const spread : {&user, &crowd}) {
    if (spread->labels < UINT32_MAX) ++spread->labels;
  }
}

void spread_forget(Spread& user) {
  if (user.labels == 0) return;  // nothing learned, nothing to forget; nor is anything stored of such a spread
  user.width += kWiden;
}

}  // namespace driftcast
