#include "pipeline/evaluation/outcome_scores.h"

#include <algorithm>
#include <cmath>

namespace driftcast {
namespace {

constexpr double kLeastProbability = 1e-6;  // in the log loss

// All predictions of one probability.
struct Group {
  double probability = 0;
  std::int64_t positives = 0, count = 0;
};

// By falling probability.
std::vector<Group> groups_of(std::span<const Prediction> predictions) {
  std::vector<Prediction> sorted(predictions.begin(), predictions.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const Prediction& a, const Prediction& b) { return a.probability > b.probability; });
  std::vector<Group> groups;
  for (const Prediction& each : sorted) {
    if (groups.empty() || groups.back().probability != each.probability) groups.push_back({each.probability, 0, 0});
    groups.back().positives += each.outcome ? 1 : 0;
    ++groups.back().count;
  }
  return groups;
}

double share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

double f1_of(std::int64_t true_positives, std::int64_t called, std::int64_t positives) {
  return share(2 * true_positives, called + positives);
}

ThresholdScore at_threshold(const std::vector<Group>& groups, double threshold) {
  std::int64_t count = 0;
  std::int64_t positives = 0;
  std::int64_t called = 0;
  std::int64_t true_positives = 0;
  for (const Group& group : groups) {
    count += group.count;
    positives += group.positives;
    if (group.probability < threshold) continue;
    called += group.count;
    true_positives += group.positives;
  }
  const std::int64_t wrong = (called - true_positives) + (positives - true_positives);
  return {threshold, share(count - wrong, count), share(true_positives, called), share(true_positives, positives),
          f1_of(true_positives, called, positives)};
}

std::optional<double> auc_of(const std::vector<Group>& groups, std::int64_t positives, std::int64_t negatives) {
  if (positives == 0 || negatives == 0) return std::nullopt;
  double pairs = 0;  // in which the one that happened has the higher probability
  std::int64_t above = 0;
  for (const Group& group : groups) {
    const auto below = static_cast<double>(group.count - group.positives);
    pairs += below * (static_cast<double>(above) + static_cast<double>(group.positives) / 2);
    above += group.positives;
  }
  return pairs / (static_cast<double>(positives) * static_cast<double>(negatives));
}

// Only points that are some way from the last one kept.
std::vector<RocPoint> roc_of(const std::vector<Group>& groups, std::int64_t positives, std::int64_t negatives) {
  if (positives == 0 || negatives == 0) return {};
  constexpr double kStride = 2.0 / (kMostRocPoints - 2);
  std::vector<RocPoint> points{{0, 0}};
  RocPoint at;
  std::int64_t called = 0;
  std::int64_t true_positives = 0;
  for (const Group& group : groups) {
    called += group.count;
    true_positives += group.positives;
    at = {share(called - true_positives, negatives), share(true_positives, positives)};
    const RocPoint& last = points.back();
    const double way =
        at.false_positive_rate - last.false_positive_rate + at.true_positive_rate - last.true_positive_rate;
    if (way >= kStride) points.push_back(at);
  }
  if (points.back().false_positive_rate < 1 || points.back().true_positive_rate < 1) points.push_back(at);
  return points;
}

std::vector<CalibrationBin> calibration_of(const std::vector<Group>& groups, std::int64_t count) {
  std::vector<CalibrationBin> bins;
  CalibrationBin bin;
  std::int64_t seen = 0;
  for (auto group = groups.rbegin(); group != groups.rend(); ++group) {
    bin.predicted += group->probability * static_cast<double>(group->count);
    bin.observed += static_cast<double>(group->positives);
    bin.count += group->count;
    seen += group->count;
    // Full when the bins so far hold their part of all predictions.
    const auto bin_end = static_cast<std::int64_t>(bins.size() + 1) * count;
    if (seen * static_cast<std::int64_t>(kCalibrationBins) < bin_end && seen < count) continue;
    bin.predicted /= static_cast<double>(bin.count);
    bin.observed /= static_cast<double>(bin.count);
    bins.push_back(bin);
    bin = {};
  }
  return bins;
}

void add_errors(OutcomeScores& scores, std::span<const Prediction> predictions) {
  for (const Prediction& each : predictions) {
    const double error = each.probability - (each.outcome ? 1 : 0);
    const double of_what_came = each.outcome ? each.probability : 1 - each.probability;
    scores.brier += error * error;
    scores.log_loss -= std::log(std::clamp(of_what_came, kLeastProbability, 1 - kLeastProbability));
  }
  scores.brier /= static_cast<double>(predictions.size());
  scores.log_loss /= static_cast<double>(predictions.size());
}

}  // namespace

OutcomeScores outcome_scores(std::span<const Prediction> predictions, double best_threshold) {
  OutcomeScores scores;
  scores.at_best.threshold = best_threshold;
  if (predictions.empty()) return scores;
  const std::vector<Group> groups = groups_of(predictions);
  scores.count = static_cast<std::int64_t>(predictions.size());
  for (const Group& group : groups) scores.positives += group.positives;
  scores.base_rate = share(scores.positives, scores.count);
  scores.auc = auc_of(groups, scores.positives, scores.count - scores.positives);
  add_errors(scores, predictions);
  scores.at_half = at_threshold(groups, 0.5);
  scores.at_best = at_threshold(groups, best_threshold);
  scores.calibration = calibration_of(groups, scores.count);
  for (const CalibrationBin& bin : scores.calibration) {
    scores.calibration_error += share(bin.count, scores.count) * std::abs(bin.predicted - bin.observed);
  }
  scores.roc = roc_of(groups, scores.positives, scores.count - scores.positives);
  return scores;
}

double best_f1_threshold(std::span<const Prediction> predictions) {
  const std::vector<Group> groups = groups_of(predictions);
  std::int64_t positives = 0;
  for (const Group& group : groups) positives += group.positives;
  double threshold = 0.5;
  double best = 0;
  std::int64_t called = 0;
  std::int64_t true_positives = 0;
  for (const Group& group : groups) {
    called += group.count;
    true_positives += group.positives;
    const double f1 = f1_of(true_positives, called, positives);
    if (f1 <= best) continue;
    best = f1;
    threshold = group.probability;
  }
  return threshold;
}

}  // namespace driftcast
