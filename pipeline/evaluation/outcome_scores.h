// Outcome scores: how good probabilities of a thing that happened or did not are. With p the probability, y in {0, 1}
// what came, n predictions:
//
//   base rate   mean of y
//   accuracy    share of predictions with (p >= threshold) == (y = 1)
//   precision   of those with p >= threshold, the share with y = 1; 0 when there are none
//   recall      of those with y = 1, the share with p >= threshold; 0 when there are none
//   F1          2 precision recall / (precision + recall) = 2 tp / (2 tp + fp + fn); 0 when tp is 0
//   AUC         chance that p of a random y = 1 is above that of a random y = 0, equal ones counted half: the area
//               under the ROC curve; absent when all y are equal
//   Brier       mean of (p - y)^2
//   log loss    mean of -log(p of what came), p kept within [1e-6, 1 - 1e-6]
//   calibration ten bins of about equally many predictions in order of p, equal p never apart, so there may be fewer
//   ECE         expected calibration error: mean over predictions of |mean p - mean y| of their bin
//   ROC         (share of y = 0 with p >= t, share of y = 1 with p >= t) for falling t, from (0, 0) to (1, 1)
//
// Source: T. Fawcett, "An introduction to ROC analysis" (2006); C. Guo et al., "On calibration of modern neural
// networks" (2017), here with bins of equal size. Probabilities must lie in [0, 1]. No result depends on the order of
// the predictions but by rounding. Cost: a sort.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace driftcast {

struct Prediction {
  double probability = 0;
  bool outcome = false;
};

struct ThresholdScore {
  double threshold = 0.5;
  double accuracy = 0, precision = 0, recall = 0, f1 = 0;
};

struct CalibrationBin {
  double predicted = 0, observed = 0;  // means of p and of y
  std::int64_t count = 0;
};

struct RocPoint {
  double false_positive_rate = 0, true_positive_rate = 0;
};

inline constexpr std::size_t kCalibrationBins = 10;
inline constexpr std::size_t kMostRocPoints = 100;

struct OutcomeScores {
  std::int64_t count = 0, positives = 0;
  double base_rate = 0;
  std::optional<double> auc;
  double brier = 0, log_loss = 0;
  ThresholdScore at_half, at_best;  // thresholds 0.5, and the one that was handed in
  double calibration_error = 0;     // ECE
  std::vector<CalibrationBin> calibration;
  std::vector<RocPoint> roc;  // at most kMostRocPoints; empty without AUC
};

// All zero without predictions. `best_threshold` is to come from other data, by best_f1_threshold.
OutcomeScores outcome_scores(std::span<const Prediction> predictions, double best_threshold);

// The probability among `predictions` that has the largest F1 as a threshold, of equals the highest; 0.5 when nothing
// happened.
double best_f1_threshold(std::span<const Prediction> predictions);

}  // namespace driftcast
