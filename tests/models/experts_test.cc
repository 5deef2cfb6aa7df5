#include "models/experts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace driftcast {
namespace {

constexpr std::array<Expert, 5> kCheap = {Expert::kEwmaSlow, Expert::kEwmaFast, Expert::kSeasonal, Expert::kTsb,
                                          Expert::kSegment};

ExpertState after(std::initializer_list<float> counts) {
  ExpertState state = experts_start();
  int place = 0;
  for (const float y : counts) experts_learn(state, y, place++ % 7);
  return state;
}

TEST(Experts, FirstStepsGiveThePlainMean) {
  const ExpertState state = after({3, 0, 6});
  EXPECT_FLOAT_EQ(state.fast, 3);
  EXPECT_FLOAT_EQ(state.slow, 3);
  EXPECT_FLOAT_EQ(state.rate, 3);
  EXPECT_FLOAT_EQ(state.tsb_probability, 2.0F / 3);
  EXPECT_FLOAT_EQ(state.tsb_size, 4.5F);
  EXPECT_NEAR(experts_volume(state, Expert::kTsb, 7, 3, 0), 21, 1e-5);
}

TEST(Experts, LaterStepsWeighWhatTheLevelSays) {
  ExpertState state = experts_start();
  for (int i = 0; i < 70; ++i) experts_learn(state, 2, i % 7);
  experts_learn(state, 12, 0);
  EXPECT_FLOAT_EQ(state.fast, 5);
  EXPECT_FLOAT_EQ(state.slow, 3);
  EXPECT_FLOAT_EQ(state.rate, 2.2F);
}

TEST(Experts, SkippedStepsEqualLearnedZeros) {
  for (const int before : {0, 1, 2, 5, 9, 30, 80}) {
    for (const std::uint32_t steps : {1U, 2U, 7U, 15U, 50U, 200U}) {
      ExpertState learned = experts_start();
      for (int i = 0; i < before; ++i) experts_learn(learned, static_cast<float>(1 + i % 4), i % 7);
      ExpertState skipped = learned;
      for (std::uint32_t i = 0; i < steps; ++i) experts_learn(learned, 0, (before + static_cast<int>(i)) % 7);
      experts_skip(skipped, steps);
      EXPECT_NEAR(skipped.fast, learned.fast, 1e-6);
      EXPECT_NEAR(skipped.slow, learned.slow, 1e-6);
      EXPECT_NEAR(skipped.rate, learned.rate, 1e-5);
      EXPECT_NEAR(skipped.tsb_probability, learned.tsb_probability, 1e-6);
      EXPECT_EQ(skipped.tsb_size, learned.tsb_size);
      EXPECT_EQ(skipped.n, learned.n);
      EXPECT_NEAR(experts_volume(skipped, Expert::kSeasonal, 30, 0, 0),
                  experts_volume(learned, Expert::kSeasonal, 30, 0, 0), 0.1 * 30 * learned.slow + 1e-6);
    }
  }
}

TEST(Experts, AWeeklyPatternIsFoundAndRemovedFromTheLevel) {
  constexpr std::array<float, 7> kWeek = {10, 10, 10, 10, 20, 40, 40};
  ExpertState state = experts_start();
  double worst_seasonal = 0, worst_level = 0;
  for (int i = 0; i < 420; ++i) {
    experts_learn(state, kWeek[static_cast<std::size_t>(i % 7)], i % 7);
    if (i < 210) continue;
    worst_seasonal =
        std::max(worst_seasonal, std::abs(experts_volume(state, Expert::kSeasonal, 7, (i + 1) % 7, 0) - 140));
    worst_level = std::max(worst_level, std::abs(experts_volume(state, Expert::kEwmaSlow, 7, (i + 1) % 7, 0) - 140));
  }
  EXPECT_LT(worst_seasonal, 0.5 * worst_level);
  const double monday = experts_volume(state, Expert::kSeasonal, 1, 0, 0);
  const double saturday = experts_volume(state, Expert::kSeasonal, 1, 5, 0);
  EXPECT_GT(saturday, 2 * monday);
}

TEST(Experts, SegmentSpeaksTheCrowdsMean) {
  EXPECT_DOUBLE_EQ(experts_volume(experts_start(), Expert::kSegment, 14, 0, 0.25), 3.5);
}

TEST(Experts, AbsurdCountsLeaveEveryForecastFinite) {
  ExpertState state = experts_start();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  int place = 0;
  for (const float y : {1e30F, -5.0F, std::nanf(""), kInfinity, -kInfinity, 0.0F, 1e9F}) {
    for (int i = 0; i < 30; ++i) experts_learn(state, y, place++ % 7 - 3);
  }
  experts_skip(state, UINT32_MAX);
  experts_learn(state, 1e6F, 0);
  experts_skip(state, UINT32_MAX);
  experts_learn(state, 7, 0);
  for (const Expert expert : kCheap) {
    const double volume = experts_volume(state, expert, 30, -9, 1);
    EXPECT_TRUE(std::isfinite(volume)) << name(expert);
    EXPECT_GE(volume, 0) << name(expert);
  }
}

}  // namespace
}  // namespace driftcast
