// Priors are fitted from what passes, and only where there is enough of it.
#include "pipeline/evaluation/prior_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace driftcast {
namespace {

using testing::HasSubstr;

constexpr int kSegment = 4;

// A user whose steps scatter around a level of the user's own: nothing but the level can be known in advance.
void live(PriorFit& fit, int user, double level, int steps, std::mt19937_64& random) {
  std::poisson_distribution<std::int64_t> events(level);
  for (int step = 0; step < steps; ++step) {
    StepClosed closed;
    closed.user = "user" + std::to_string(user);
    closed.step = step;
    closed.count = events(random);
    closed.segment = kSegment;
    fit.judged(closed, {}, std::nullopt);
  }
}

TEST(PriorFit, LeavesSegmentsThatFewAreInAsTheyWere) {
  PriorFit fit(default_models());
  std::mt19937_64 random(1);
  for (int user = 0; user < 3; ++user) live(fit, user, 6, 100, random);
  EXPECT_EQ(priors_as_code(fit.fitted()), priors_as_code(default_models()));
}

// The one-step forecast of a level under noise is an exponential mean: phi near 0, theta near -1.
TEST(PriorFit, FindsTheMeanAndThatTheLevelIsAllThereIs) {
  PriorFit fit(default_models());
  std::mt19937_64 random(2);
  for (int user = 0; user < 300; ++user) live(fit, user, 5 + user % 3, 120, random);
  const ModelSet fitted = fit.fitted();
  const ModelSet::Segment& segment = fitted.segments[kSegment];
  EXPECT_NEAR(segment.mean, 6, 0.1);
  EXPECT_LE(std::abs(segment.arima.phi), 0.2F);
  EXPECT_LE(segment.arima.theta, -0.8F);
  EXPECT_NEAR(segment.arima.s2, 0.25, 0.05);  // of a Poisson count's root
  EXPECT_EQ(fitted.segments[kSegment + 1].mean, default_models().segments[kSegment + 1].mean);
  EXPECT_NE(fitted.hash, default_models().hash);
}

TEST(PriorFit, OfUsersWhoNeverChangeCanBeServed) {
  PriorFit fit(default_models());
  for (int user = 0; user < 30; ++user) {
    for (int step = 0; step < 60; ++step) {
      StepClosed closed;
      closed.user = "user" + std::to_string(user);
      closed.step = step;
      closed.count = 4;
      closed.segment = kSegment;
      fit.judged(closed, {}, std::nullopt);
    }
  }
  EXPECT_GT(fit.fitted().segments[kSegment].arima.s2, 0);
}

TEST(PriorFit, ComesToTheSameInWhateverOrderUsersCome) {
  PriorFit there(default_models());
  PriorFit back(default_models());
  for (int i = 0; i < 200; ++i) {
    for (auto& [fit, user] : {std::pair(&there, i), std::pair(&back, 199 - i)}) {
      std::mt19937_64 random(static_cast<std::uint64_t>(user));
      live(*fit, user, 4, 60, random);
    }
  }
  EXPECT_EQ(there.fitted().hash, back.fitted().hash);
}

TEST(PriorFit, PrintsRowsAsTheSourceHoldsThem) {
  EXPECT_THAT(priors_as_code(default_models()),
              HasSubstr("    {0.3, 0.1485, 3.22, {0.00F, -0.90F, 0.1213F, 0.0874F, "));
}

constexpr auto kNetwork = static_cast<std::size_t>(Expert::kNetwork);

// Settled users of a segment, of whom one knows what comes, the network or all the others, who say the same as each other;
// the other says always the same.
enum class Knows { kTheNetwork, kTheOthers };

void judge_forecasts(PriorFit& fit, std::uint8_t segment, int labels, Knows who = Knows::kTheNetwork) {
  StepClosed closed;
  closed.user = "user";
  closed.segment = segment;
  std::vector<Matured> matured(1);
  for (int i = 0; i < labels; ++i) {
    Matured& label = matured.front();
    label.y = 4 + i % 5;
    label.forecast.cell = static_cast<std::uint8_t>(crowd_cell(segment, 100));
    for (std::size_t k = 0; k < kExperts; ++k)
      label.forecast.volume.set(static_cast<Expert>(k), who == Knows::kTheOthers ? label.y : 6);
    label.forecast.volume.set(Expert::kNetwork, who == Knows::kTheNetwork ? label.y : 6);
    label.forecast.mean = label.forecast.joint = static_cast<float>(label.y);
    fit.judged(closed, matured, std::nullopt);
  }
}

ModelSet leaning_on_network() {
  ModelSet leaning = default_models();
  for (ModelSet::Segment& segment : leaning.segments) {
    for (ExpertForecasts& weights : segment.weights) weights[kNetwork] = 9;  // the others' sum is 1
  }
  return leaning;
}

TEST(PriorFit, ANetworkThatTheOthersAreBetterThanBeginsWithNoWeightAnywhere) {
  const ModelSet models = default_models(), leaning = leaning_on_network();
  PriorFit fit(leaning);
  judge_forecasts(fit, kSegment, 2000, Knows::kTheOthers);
  const ModelSet fitted = fit.with_weights(models);
  for (const std::size_t segment : {std::size_t{kSegment}, std::size_t{kSegment + 1}}) {
    EXPECT_EQ(fitted.segments[segment].weights[kAges - 1][kNetwork], 0) << segment;
  }
}

TEST(PriorFit, GivesTheNetworkTheShareItHasElsewhereWhereLabelsAreFew) {
  const ModelSet models = default_models(), leaning = leaning_on_network();
  PriorFit fit(leaning);
  judge_forecasts(fit, kSegment, 2000);
  const ModelSet fitted = fit.with_weights(models);
  const auto settled = [&](std::size_t segment) { return fitted.segments[segment].weights[kAges - 1][kNetwork]; };
  EXPECT_GT(settled(kSegment), 0.3F);
  EXPECT_GT(settled(kSegment + 1), 0.3F);
  const ExpertForecasts& young = fitted.segments[kSegment + 1].weights[0];
  EXPECT_EQ(young, models.segments[kSegment + 1].weights[0]) << "nobody has seen young users with a network";
}

}  // namespace
}  // namespace driftcast
