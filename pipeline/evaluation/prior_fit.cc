#include "pipeline/evaluation/prior_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/hash.h"

namespace driftcast {
namespace {

constexpr std::size_t kLongestSeries = 1000;  // steps
constexpr std::size_t kShortestSeries = 14;
constexpr std::size_t kSample = 2000;  // users per segment
constexpr std::size_t kFewest = 20;    // users a fit needs
constexpr std::int64_t kFewestLabels = 100;
constexpr double kDoubtedLabels = 1000;  // that say as much as what was known before
constexpr double kLeastFittedDispersion = 0.05;
constexpr double kLargestLoss = 16;  // of a label, over its variance
static_assert(kNetworkIndex + 1 == kExperts);
constexpr float kLeastVariance = 1e-3F;  // of an ARIMA's innovations; users who never change have none
constexpr int kOutlook = 14;             // steps over which rho is judged
// The generator's users keep their level; people do not. Both grids end where a level can still move.
constexpr std::array<float, 3> kRhos = {1, 0.99F, 0.97F};
constexpr int kLeastTheta = -18, kLargestTheta = 18;  // in twentieths

double variance_of(const std::vector<float>& values) {
  double sum = 0;
  double squares = 0;
  for (const float value : values) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const auto n = static_cast<double>(values.size());
  return std::max(1e-3, squares / n - sum / n * (sum / n));
}

// Mean squared one-step error with fixed parameters, and the same scaled by the series' variance.
struct Loss {
  double raw = 0, scaled = 0;
};

Loss one_step_loss(const std::vector<float>& z, double phi, double theta, double start) {
  double sum = 0;
  double w1 = 0;
  double e1 = 0;
  double last = start;
  for (std::size_t t = 0; t < z.size(); ++t) {
    const double w = z[t] - last;
    const double e = w - phi * w1 - theta * e1;
    if (t > 0) sum += e * e;
    last = z[t];
    w1 = w;
    e1 = e;
  }
  const double mean = sum / static_cast<double>(z.size() - 1);
  return {mean, mean / variance_of(z)};
}

double outlook_loss(const std::vector<float>& z, const ArimaPrior& prior) {
  ArimaPrior frozen = prior;
  frozen.p0 = 0;
  ArimaState state = arima_start(frozen);
  double sum = 0;
  for (std::size_t t = 0; t + kOutlook < z.size(); ++t) {
    arima_learn(state, frozen, z[t]);
    if (t % 7 != 0) continue;
    double y = 0;
    for (std::size_t h = 1; h <= kOutlook; ++h) y += static_cast<double>(z[t + h]) * z[t + h];
    const double forecast = arima_volume(state, frozen, kOutlook);
    sum += (y - forecast) * (y - forecast) / (1 + forecast);
  }
  return sum;
}

// A prior mixes forecasts; only a crowd's own labels may say that all of them are too high.
ExpertForecasts summing_to_one(const ExpertForecasts& weights) {
  float sum = 0;
  for (const float weight : weights) sum += weight;
  ExpertForecasts scaled = weights;
  for (float& weight : scaled) weight /= sum;
  return scaled;
}

// `share` of the way from one to the other.
ExpertForecasts between(const ExpertForecasts& from, const ExpertForecasts& to, double share) {
  ExpertForecasts weights{};
  for (std::size_t k = 0; k < kExperts; ++k) weights[k] = static_cast<float>((1 - share) * from[k] + share * to[k]);
  return summing_to_one(weights);
}

// How far a network is believed that forecasts worse than the best of the others: it may be a fifth worse, for it errs
// elsewhere than they do; one half worse it has learned nothing.
double trust(const std::array<double, kExperts>& losses) {
  constexpr double kAsGood = 1.2, kUseless = 1.5;
  const double best = *std::min_element(losses.begin(), losses.begin() + kNetworkIndex);
  if (losses[kNetworkIndex] <= kAsGood * best) return 1;
  return std::max(0.0, best > 0 ? (kUseless - losses[kNetworkIndex] / best) / (kUseless - kAsGood) : 0.0);
}

// How far so many labels are believed against what was known before them.
double belief(std::int64_t labels) {
  return static_cast<double>(labels) / (static_cast<double>(labels) + kDoubtedLabels);
}

template <class Series>
double pooled(const std::vector<const Series*>& all, double phi, double theta, double start) {
  double sum = 0;
  for (const Series* series : all) sum += one_step_loss(series->roots, phi, theta, start).scaled;
  return sum;
}

template <class Series>
void fit_arima(const std::vector<const Series*>& all, ArimaPrior& prior) {
  double squares = 0;
  double roots = 0;
  double count = 0;
  for (const Series* series : all) {
    for (const float z : series->roots) roots += z;
    count += static_cast<double>(series->roots.size());
  }
  prior.mean = static_cast<float>(roots / count);
  double best = std::numeric_limits<double>::infinity();
  for (int i = -6; i <= 9; ++i) {
    for (int j = kLeastTheta; j <= kLargestTheta; ++j) {
      const double loss = pooled(all, 0.1 * i, 0.05 * j, prior.mean);
      if (loss >= best) continue;
      best = loss;
      prior.phi = static_cast<float>(0.1 * i);
      prior.theta = static_cast<float>(0.05 * j);
    }
  }
  for (const Series* series : all) squares += one_step_loss(series->roots, prior.phi, prior.theta, prior.mean).raw;
  prior.s2 = std::max(kLeastVariance, static_cast<float>(squares / static_cast<double>(all.size())));
  double least = std::numeric_limits<double>::infinity();
  for (const float rho : kRhos) {
    ArimaPrior candidate = prior;
    candidate.rho = rho;
    double loss = 0;
    for (const Series* series : all) loss += outlook_loss(series->roots, candidate);
    if (loss >= least) continue;
    least = loss;
    prior.rho = rho;
  }
}

}  // namespace

void PriorFit::judged(const StepClosed& closed, std::span<const Matured> matured, const std::optional<Forecast>&) {
  if (closed.step > last_) return;
  Series& series = users_[closed.user];
  for (std::uint32_t i = 0; i < closed.gap && series.roots.size() < kLongestSeries; ++i) series.roots.push_back(0);
  if (series.roots.size() < kLongestSeries) {
    series.roots.push_back(static_cast<float>(std::sqrt(static_cast<double>(closed.count))));
    series.events += static_cast<double>(closed.count);
    series.segment = closed.segment;
  }
  for (const Matured& each : matured) {
    if (each.slot == 0 && each.forecast.step > after_) learn(each);
  }
}

void PriorFit::learn(const Matured& matured) {
  const PendingForecast& forecast = matured.forecast;
  const std::size_t segment = segment_of_cell(forecast.cell);
  const std::size_t age = age_of_cell(forecast.cell);
  const ModelSet::Segment& prior = models_.segments[segment];
  Labels& labels = labels_[segment][age];
  const double mean = forecast.mean;
  const double variance = std::max(0.25, mean + prior.dispersion * mean * mean);
  JointUser nobody;
  joint_learn(nobody, labels.joint, prior.weights[age], forecast.volume, forecast.joint, matured.y, variance,
              prior.mean);
  for (std::size_t k = 0; k < kExperts; ++k) {
    const double error = matured.y - forecast.volume.mean[k];
    labels.losses[k] += std::min(error * error / variance, kLargestLoss);
  }
  labels.squared_error += (matured.y - mean) * (matured.y - mean);
  labels.mean += mean;
  labels.squared_mean += mean * mean;
  ++labels.count;
}

std::vector<const PriorFit::Series*> PriorFit::series_of(int segment) const {
  std::vector<std::pair<std::uint64_t, const Series*>> found;  // by hash: a sample that no order of events changes
  for (const auto& [name, series] : users_) {
    if (series.segment == segment && series.roots.size() >= kShortestSeries) found.emplace_back(hash64(name), &series);
  }
  std::sort(found.begin(), found.end());
  if (found.size() > kSample) found.resize(kSample);
  std::vector<const Series*> sample;
  for (const auto& [hash, series] : found) sample.push_back(series);
  return sample;
}

ModelSet PriorFit::fitted() const {
  ModelSet models = models_;
  for (std::size_t s = 0; s < kSegments; ++s) {
    ModelSet::Segment& segment = models.segments[s];
    const auto sample = series_of(static_cast<int>(s));
    if (sample.size() >= kFewest) {
      double events = 0;
      double steps = 0;
      for (const Series* series : sample) {
        events += series->events;
        steps += static_cast<double>(series->roots.size());
      }
      segment.mean = events / steps;
      fit_arima(sample, segment.arima);
    }
    double error = 0;
    double mean = 0;
    double square = 0;
    for (std::size_t age = 0; age < kAges; ++age) {
      const Labels& labels = labels_[s][age];
      // The generator's users come to stay; people may come once. What it says of the first month is not believed.
      if (age + 1 == kAges && labels.count >= kFewestLabels) {
        segment.weights[age] = between(models_.segments[s].weights[age], labels.joint.weights, 0.5);
      }
      error += labels.squared_error;
      mean += labels.mean;
      square += labels.squared_mean;
    }
    if (square > 0) segment.dispersion = std::clamp((error - mean) / square, kLeastFittedDispersion, 10.0);
  }
  seal(models);
  return models;
}

double PriorFit::network_share(const ModelSet& borne_out, std::size_t age) const {
  double share = 0;
  double labels = 0;
  for (std::size_t s = 0; s < kSegments; ++s) {
    if (labels_[s][age].count < kFewestLabels) continue;
    const auto count = static_cast<double>(labels_[s][age].count);
    share += count * borne_out.segments[s].weights[age][kNetworkIndex];
    labels += count;
  }
  return labels > 0 ? share / labels : 0;
}

ModelSet PriorFit::with_weights(const ModelSet& unproven) const {
  ModelSet models = models_;
  ExpertForecasts network{};
  network[kNetworkIndex] = 1;
  for (std::size_t age = 0; age < kAges; ++age) {
    for (std::size_t s = 0; s < kSegments; ++s) {
      const Labels& labels = labels_[s][age];
      ExpertForecasts& weights = models.segments[s].weights[age];
      weights = between(weights, labels.joint.weights, belief(labels.count));
      const ExpertForecasts& without = unproven.segments[s].weights[age];
      weights = between(without, weights, trust(labels.losses));
    }
    const double share = network_share(models, age);
    for (std::size_t s = 0; s < kSegments; ++s) {
      if (labels_[s][age].count >= kFewestLabels) continue;
      models.segments[s].weights[age] = between(unproven.segments[s].weights[age], network, share);
    }
  }
  seal(models);
  return models;
}

std::string priors_as_code(const ModelSet& models) {
  std::string text;
  for (const ModelSet::Segment& segment : models.segments) {
    const ArimaPrior& arima = segment.arima;
    text +=
        fmt::format("    {{{:g}, {:.4g}, {:.3g}, {{{:.2f}F, {:.2f}F, {:.4f}F, {:.4f}F, {:.2f}F, {:.2f}F}},\n     {{{{",
                    segment.below, segment.mean, segment.dispersion, arima.phi, arima.theta, arima.s2, arima.mean,
                    arima.rho, arima.p0);
    for (std::size_t age = 0; age < kAges; ++age) {
      text += age == 0 ? "{" : ",\n       {";
      for (std::size_t k = 0; k < kExperts; ++k)
        text += fmt::format("{}{:.3f}F", k == 0 ? "" : ", ", segment.weights[age][k]);
      text += "}";
    }
    text += "}}},\n";
  }
  return text;
}

}  // namespace driftcast
