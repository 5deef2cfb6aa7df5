#include "pipeline/evaluation/outcome_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace driftcast {
namespace {

using testing::DoubleNear;
using testing::Each;
using testing::Field;

// Ranked 0.9+ 0.7- 0.6+ 0.4+ 0.2- 0.1-
const std::vector<Prediction> kSix = {{0.1, false}, {0.9, true}, {0.4, true}, {0.2, false}, {0.7, false}, {0.6, true}};

TEST(OutcomeScores, OfSixPredictionsAreAsCountedByHand) {
  const OutcomeScores scores = outcome_scores(kSix, 0.4);
  EXPECT_EQ(scores.count, 6);
  EXPECT_EQ(scores.positives, 3);
  EXPECT_DOUBLE_EQ(scores.base_rate, 0.5);
  // Called at 0.5: 0.9+ 0.7- 0.6+; missed 0.4+.
  EXPECT_DOUBLE_EQ(scores.at_half.accuracy, 4.0 / 6);
  EXPECT_DOUBLE_EQ(scores.at_half.precision, 2.0 / 3);
  EXPECT_DOUBLE_EQ(scores.at_half.recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(scores.at_half.f1, 2.0 / 3);
  // Called at 0.4, which itself is in: one more, and right.
  EXPECT_DOUBLE_EQ(scores.at_best.precision, 3.0 / 4);
  EXPECT_DOUBLE_EQ(scores.at_best.recall, 1);
  EXPECT_DOUBLE_EQ(scores.at_best.f1, 6.0 / 7);
  EXPECT_DOUBLE_EQ(scores.at_best.accuracy, 5.0 / 6);
  // Of nine pairs the 0.7- is above two of the positives.
  EXPECT_DOUBLE_EQ(scores.auc.value(), 7.0 / 9);
  EXPECT_NEAR(scores.brier, (0.01 + 0.01 + 0.36 + 0.04 + 0.49 + 0.16) / 6, 1e-12);
  EXPECT_NEAR(scores.log_loss, -std::log(0.9 * 0.9 * 0.4 * 0.8 * 0.3 * 0.6) / 6, 1e-12);
}

TEST(OutcomeScores, EqualProbabilitiesCountHalfInAUC) {
  EXPECT_DOUBLE_EQ(outcome_scores(std::vector<Prediction>{{0.3, true}, {0.3, false}}, 0.5).auc.value(), 0.5);
  EXPECT_DOUBLE_EQ(outcome_scores(std::vector<Prediction>{{0.3, true}, {0.3, false}, {0.1, false}}, 0.5).auc.value(),
                   0.75);
}

TEST(OutcomeScores, WithoutAnyPositiveThereIsNoAUCAndNothingIsDividedByZero) {
  const OutcomeScores scores = outcome_scores(std::vector<Prediction>{{0.2, false}, {0.8, false}}, 0.9);
  EXPECT_EQ(scores.auc, std::nullopt);
  EXPECT_TRUE(scores.roc.empty());
  EXPECT_EQ(scores.at_half.f1, 0);
  EXPECT_EQ(scores.at_half.accuracy, 0.5);
  EXPECT_EQ(scores.at_best.precision, 0);
  EXPECT_EQ(scores.at_best.recall, 0);
  EXPECT_EQ(outcome_scores({}, 0.5).count, 0);
}

TEST(OutcomeScores, AProbabilityOfZeroForWhatCameIsNotInfinitelyWrong) {
  EXPECT_NEAR(outcome_scores(std::vector<Prediction>{{0, true}}, 0.5).log_loss, -std::log(1e-6), 1e-9);
}

TEST(OutcomeScores, TheBestThresholdIsTheOneWithTheLargestF1) {
  EXPECT_EQ(best_f1_threshold(kSix), 0.4);
  EXPECT_EQ(best_f1_threshold(std::vector<Prediction>{{0.2, false}}), 0.5);
  // Both thresholds call the same share of right ones: the higher one is taken.
  EXPECT_EQ(best_f1_threshold(std::vector<Prediction>{{0.8, true}, {0.3, false}, {0.3, false}, {0.2, true}}), 0.8);
}

TEST(OutcomeScores, CalibrationHasTenBinsOfEquallyManyPredictions) {
  std::vector<Prediction> predictions;
  for (int i = 0; i < 100; ++i) predictions.push_back({i / 100.0, i % 2 == 0});
  const OutcomeScores scores = outcome_scores(predictions, 0.5);
  ASSERT_EQ(scores.calibration.size(), 10U);
  EXPECT_THAT(scores.calibration, Each(Field(&CalibrationBin::count, 10)));
  EXPECT_THAT(scores.calibration, Each(Field(&CalibrationBin::observed, DoubleNear(0.5, 1e-12))));
  EXPECT_NEAR(scores.calibration[0].predicted, 0.045, 1e-12);
  EXPECT_NEAR(scores.calibration_error,
              (0.455 + 0.355 + 0.255 + 0.155 + 0.055 + 0.045 + 0.145 + 0.245 + 0.345 + 0.445) / 10, 1e-12);
}

TEST(OutcomeScores, CalibrationNeverPartsEqualProbabilities) {
  std::vector<Prediction> predictions(35, {0.1, false});
  predictions.insert(predictions.end(), {{0.9, true}, {0.9, true}, {0.9, true}, {0.9, true}, {0.9, false}});
  const OutcomeScores scores = outcome_scores(predictions, 0.5);
  ASSERT_EQ(scores.calibration.size(), 2U);
  EXPECT_EQ(scores.calibration[0].count, 35);
  EXPECT_DOUBLE_EQ(scores.calibration[1].observed, 0.8);
  EXPECT_NEAR(scores.calibration_error, 0.1, 1e-12);
}

std::vector<Prediction> any_predictions() {
  return *rc::gen::container<std::vector<Prediction>>(rc::gen::apply(
      [](int twentieths, bool outcome) {
        return Prediction{twentieths / 20.0, outcome};
      },
      rc::gen::inRange(0, 21), rc::gen::arbitrary<bool>()));
}

RC_GTEST_PROP(OutcomeScores, AUCIsTheShareOfPairsInTheRightOrder, ()) {
  const std::vector<Prediction> predictions = any_predictions();
  double right = 0;
  double pairs = 0;
  for (const Prediction& yes : predictions) {
    for (const Prediction& no : predictions) {
      if (!yes.outcome || no.outcome) continue;
      ++pairs;
      right += yes.probability > no.probability ? 1 : yes.probability == no.probability ? 0.5 : 0;
    }
  }
  const auto auc = outcome_scores(predictions, 0.5).auc;
  RC_ASSERT(auc.has_value() == (pairs > 0));
  if (auc) RC_ASSERT(std::abs(*auc - right / pairs) < 1e-12);
}

RC_GTEST_PROP(OutcomeScores, NoThresholdHasALargerF1ThanTheBest, ()) {
  const std::vector<Prediction> predictions = any_predictions();
  const double best = outcome_scores(predictions, best_f1_threshold(predictions)).at_best.f1;
  for (int i = 0; i <= 20; ++i) RC_ASSERT(outcome_scores(predictions, i / 20.0).at_best.f1 <= best + 1e-12);
}

RC_GTEST_PROP(OutcomeScores, BinsHoldEveryPredictionOnce, ()) {
  const std::vector<Prediction> predictions = any_predictions();
  std::int64_t count = 0;
  double positives = 0;
  const OutcomeScores scores = outcome_scores(predictions, 0.5);
  RC_ASSERT(scores.calibration.size() <= kCalibrationBins);
  for (const CalibrationBin& bin : scores.calibration) {
    count += bin.count;
    positives += bin.observed * static_cast<double>(bin.count);
  }
  RC_ASSERT(count == scores.count);
  RC_ASSERT(std::abs(positives - static_cast<double>(scores.positives)) < 1e-9);
}

TEST(OutcomeScores, AThinnedRocRisesFromCornerToCornerWithNearlyTheSameArea) {
  std::vector<Prediction> predictions;
  std::uint32_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 1664525U + 1013904223U;
    const double p = static_cast<double>(state >> 8) / (1U << 24);
    state = state * 1664525U + 1013904223U;
    predictions.push_back({p, static_cast<double>(state >> 8) / (1U << 24) < p});
  }
  const OutcomeScores scores = outcome_scores(predictions, 0.5);
  ASSERT_LE(scores.roc.size(), kMostRocPoints);
  EXPECT_GT(scores.roc.size(), kMostRocPoints / 2);
  EXPECT_EQ(scores.roc.front().false_positive_rate + scores.roc.front().true_positive_rate, 0);
  EXPECT_EQ(scores.roc.back().false_positive_rate + scores.roc.back().true_positive_rate, 2);
  double area = 0;
  for (std::size_t i = 1; i < scores.roc.size(); ++i) {
    const RocPoint& a = scores.roc[i - 1];
    const RocPoint& b = scores.roc[i];
    ASSERT_LE(a.false_positive_rate, b.false_positive_rate);
    ASSERT_LE(a.true_positive_rate, b.true_positive_rate);
    area += (b.false_positive_rate - a.false_positive_rate) * (a.true_positive_rate + b.true_positive_rate) / 2;
  }
  EXPECT_NEAR(area, scores.auc.value(), 1e-3);
  EXPECT_NEAR(scores.auc.value(), 5.0 / 6, 0.01);  // the chance of x under y when y has density 2y and x 2 - 2x
}

}  // namespace
}  // namespace driftcast
