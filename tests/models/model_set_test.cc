#include "models/model_set.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace driftcast {
namespace {

TEST(ModelSet, ARateBelongsToTheSegmentWhoseBoundLiesAboveIt) {
  const ModelSet& models = default_models();
  EXPECT_EQ(segment_of(0, models), 0);
  for (std::size_t i = 0; i + 1 < kSegments; ++i) {
    const double bound = models.segments[i].below;
    EXPECT_EQ(segment_of(std::nextafter(bound, 0), models), static_cast<int>(i));
    EXPECT_EQ(segment_of(bound, models), static_cast<int>(i + 1));
  }
  EXPECT_EQ(segment_of(std::numeric_limits<double>::infinity(), models), static_cast<int>(kSegments) - 1);
}

TEST(ModelSet, TheShippedPriorsAreWithinTheirRanges) {
  double below = 0;
  for (const ModelSet::Segment& segment : default_models().segments) {
    EXPECT_GT(segment.below, below);
    EXPECT_GT(segment.mean, 0);
    EXPECT_GT(segment.dispersion, 0);
    EXPECT_LT(std::abs(segment.arima.phi), 0.98F);
    EXPECT_LT(std::abs(segment.arima.theta), 0.98F);
    EXPECT_GT(segment.arima.s2, 0);
    EXPECT_TRUE(segment.arima.rho > 0 && segment.arima.rho <= 1);
    EXPECT_LE(segment.arima.youth, 10U);
    for (const ExpertForecasts& weights : segment.weights) {
      float sum = 0;
      for (const float weight : weights) {
        EXPECT_GE(weight, 0);
        sum += weight;
      }
      EXPECT_NEAR(sum, 1, 0.1);
    }
    below = segment.below;
  }
}

TEST(ModelSet, TheHashSeesEverythingThatCanChangeAnOutput) {
  const std::function<void(ModelSet&)> changes[] = {
      [](ModelSet& m) { m.id += "x"; },
      [](ModelSet& m) { m.segments[1].below += 0.01; },
      [](ModelSet& m) { m.segments[2].mean += 0.01; },
      [](ModelSet& m) { m.segments[3].dispersion += 0.01; },
      [](ModelSet& m) { m.segments[4].arima.phi += 0.01F; },
      [](ModelSet& m) { m.segments[5].arima.theta += 0.01F; },
      [](ModelSet& m) { m.segments[6].arima.s2 += 0.01F; },
      [](ModelSet& m) { m.segments[7].arima.mean += 0.01F; },
      [](ModelSet& m) { m.segments[0].arima.rho -= 0.01F; },
      [](ModelSet& m) { m.segments[1].arima.p0 += 0.01F; },
      [](ModelSet& m) { m.segments[2].arima.youth -= 1; },
      [](ModelSet& m) { m.segments[3].weights[kAges - 1][kExperts - 1] += 0.01F; },
      [](ModelSet& m) { m.network_hash = 1; },
  };
  ModelSet same = default_models();
  seal(same);
  EXPECT_EQ(same.hash, default_models().hash);
  int number = 0;
  for (const auto& change : changes) {
    ModelSet changed = default_models();
    change(changed);
    seal(changed);
    EXPECT_NE(changed.hash, same.hash) << "change " << number;
    ++number;
  }
}

TEST(ModelSet, AgesBeginAtTheFirstStep) {
  EXPECT_EQ(age_of(0), 0U);
  EXPECT_EQ(age_of(2), 0U);
  EXPECT_EQ(age_of(3), 1U);
  EXPECT_EQ(age_of(9), 1U);
  EXPECT_EQ(age_of(10), 2U);
  EXPECT_EQ(age_of(1'000'000), kAges - 1);
}

}  // namespace
}  // namespace driftcast
