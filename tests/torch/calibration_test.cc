#include "models/torch/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace driftcast {
namespace {

struct Sample {
  std::vector<float> logits, outcomes;
};

// Outcomes of probability sigmoid(slope * logit + offset).
Sample drawn(std::size_t count, double slope, double offset) {
  std::mt19937_64 random(1);
  Sample sample;
  for (std::size_t i = 0; i < count; ++i) {
    const double logit = 6 * (static_cast<double>(random() >> 11) * 0x1p-53) - 3;
    const double probability = 1 / (1 + std::exp(-(slope * logit + offset)));
    sample.logits.push_back(static_cast<float>(logit));
    sample.outcomes.push_back(static_cast<double>(random() >> 11) * 0x1p-53 < probability ? 1 : 0);
  }
  return sample;
}

TEST(Calibration, FindsTheLineThatOutcomesFollow) {
  const Sample sample = drawn(20000, 0.5, -1.5);
  const Calibration line = fit_calibration(sample.logits, sample.outcomes);
  EXPECT_NEAR(line.slope, 0.5, 0.05);
  EXPECT_NEAR(line.offset, -1.5, 0.07);
}

TEST(Calibration, MakesTheMeanProbabilityTheFrequency) {
  const Sample sample = drawn(500, 3, 2);
  const Calibration line = fit_calibration(sample.logits, sample.outcomes);
  double said = 0, happened = 0;
  for (std::size_t i = 0; i < sample.logits.size(); ++i) {
    said += 1 / (1 + std::exp(-(line.slope * static_cast<double>(sample.logits[i]) + line.offset)));
    happened += static_cast<double>(sample.outcomes[i]);
  }
  EXPECT_NEAR(said, happened, 0.01);  // but for the ridge
}

TEST(Calibration, StaysFiniteWhereALineWouldSeparateTheOutcomes) {
  Sample sample;
  for (int i = -20; i < 20; ++i) {
    sample.logits.push_back(static_cast<float>(i) + 0.5F);
    sample.outcomes.push_back(i < 0 ? 0 : 1);
  }
  const Calibration line = fit_calibration(sample.logits, sample.outcomes);
  EXPECT_GT(line.slope, 1);
  EXPECT_LT(line.slope, 100);
}

TEST(Calibration, ChangesNothingWhereThereIsTooLittleToLearnFrom) {
  Sample sample = drawn(200, 1, 0);
  for (std::size_t i = 0; i < sample.outcomes.size(); ++i) sample.outcomes[i] = i < 9 ? 1 : 0;
  const Calibration line = fit_calibration(sample.logits, sample.outcomes);
  EXPECT_EQ(line.slope, 1);
  EXPECT_EQ(line.offset, 0);
}

TEST(Calibration, ChangesNothingWhereLogitsAndOutcomesRunAgainstEachOther) {
  const Sample sample = drawn(2000, -1, 0);
  const Calibration line = fit_calibration(sample.logits, sample.outcomes);
  EXPECT_EQ(line.slope, 1);
  EXPECT_EQ(line.offset, 0);
}

}  // namespace
}  // namespace driftcast
