#include "models/interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "models/count_distribution.h"

namespace driftcast {
namespace {

constexpr double kLevel = 0.9;

// Users whose labels are negative binomial around forecasts that are right on average.
class Labels {
 public:
  explicit Labels(unsigned seed) : random_(seed) { std::printf("seed %u\n", seed); }

  double draw(double mean, double dispersion) {
    const double rate = dispersion > 0 ? std::gamma_distribution(1 / dispersion, mean * dispersion)(random_) : mean;
    return rate > 0 ? static_cast<double>(std::poisson_distribution<long>(rate)(random_)) : 0;
  }

 private:
  std::mt19937_64 random_;
};

// Learns one label and says whether the bounds given before it held.
bool live(Spread& user, Spread& crowd, double mean, double prior, double y) {
  const double variance = bounds_variance(mean, user, crowd, prior, kLevel);
  const Bounds bounds = bounds_of(mean, variance, kLevel);
  spread_learn(user, crowd, prior, mean, variance, y, kLevel);
  return bounds.lo <= y && y <= bounds.hi;
}

// Share of labels inside, over `each` labels of every user, the users in turn.
double coverage(Labels& labels, std::vector<Spread>& users, Spread& crowd, double mean, double dispersion, int each) {
  int inside = 0;
  for (int i = 0; i < each; ++i) {
    for (Spread& user : users) inside += live(user, crowd, mean, 0.5, labels.draw(mean, dispersion)) ? 1 : 0;
  }
  return inside / (static_cast<double>(users.size()) * each);
}

TEST(Interval, WithoutLabelsTheSpreadIsThePriors) {
  EXPECT_DOUBLE_EQ(spread_variance(10, {}, {}, 0.3), 10 + 0.3 * 100);
  EXPECT_DOUBLE_EQ(bounds_variance(10, {}, {}, 0.3, kLevel), 10 + 0.3 * 100);
  EXPECT_DOUBLE_EQ(spread_variance(0, {}, {}, 0.3), 0);
}

TEST(Interval, BoundsHoldAtLeastTheirLevelOfTheLawTheyComeFrom) {
  for (const double mean : {0.01, 0.3, 2.0, 40.0, 300.0, 1e5}) {
    for (const double dispersion : {0.0, 0.1, 3.0}) {
      const CountDistribution law{mean, mean + dispersion * mean * mean};
      const Bounds bounds = bounds_of(law.mean, law.variance, kLevel);
      EXPECT_GE(law.cdf(bounds.hi) - (bounds.lo > 0 ? law.cdf(bounds.lo - 1) : 0), kLevel)
          << mean << ", " << dispersion;
      const double tighter = law.cdf(bounds.hi - 1) - law.cdf(bounds.lo);
      EXPECT_LT(tighter, kLevel) << mean << ", " << dispersion;
    }
  }
}

// Where forecasts are large, the width grows for labels outside the published bounds, and for no others.
TEST(Interval, ALabelIsMissedExactlyWhenItLiesOutsideTheBounds) {
  for (const double mean : {200.0, 255.0, 300.0, 5000.0}) {
    for (const double dispersion : {0.0, 0.01, 0.3}) {
      const double variance = mean + dispersion * mean * mean;
      const Bounds bounds = bounds_of(mean, variance, kLevel);
      for (const double edge : {bounds.lo, bounds.hi}) {
        for (double y = std::max(0.0, edge - 3); y <= edge + 3; ++y) {
          Spread user, crowd;
          spread_learn(user, crowd, 0.3, mean, variance, y, kLevel);
          EXPECT_EQ(user.width > 0, y < bounds.lo || y > bounds.hi) << mean << ", " << dispersion << " at " << y;
        }
      }
    }
  }
}

TEST(Interval, TheCrowdsSpreadIsFoundWhateverThePriorSays) {
  Labels labels(1);
  for (const double dispersion : {0.02, 0.3, 2.0}) {
    Spread crowd;
    std::vector<Spread> users(50);
    coverage(labels, users, crowd, 12, dispersion, 60);
    const double expected = 12 + dispersion * 144;
    EXPECT_NEAR(spread_variance(12, {}, crowd, 0.5) / expected, 1, 0.25) << dispersion;
  }
}

TEST(Interval, AUserUnlikeTheCrowdGetsASpreadOfItsOwn) {
  Labels labels(2);
  Spread crowd;
  std::vector<Spread> calm(40);
  std::vector<Spread> wild(1);
  coverage(labels, calm, crowd, 20, 0.02, 60);
  coverage(labels, wild, crowd, 20, 1.0, 60);
  const double calm_variance = spread_variance(20, calm.front(), crowd, 0.5);
  EXPECT_GT(spread_variance(20, wild.front(), crowd, 0.5), 3 * calm_variance);
  EXPECT_LT(calm_variance, 80);
}

// Shoppers come seldom and then do a lot. A user's silence is what this law mostly brings: it must not look like calm.
TEST(Interval, ALongSilenceIsNoEvidenceOfCalm) {
  Labels labels(7);
  Spread crowd;
  std::vector<Spread> users(50);
  coverage(labels, users, crowd, 1, 15, 200);
  const double of_a_newcomer = spread_variance(1, {}, crowd, 0.5);
  EXPECT_NEAR(of_a_newcomer, 1 + 15, 8);
  Spread silent;
  for (int i = 0; i < 40; ++i) live(silent, crowd, 1, 0.5, 0);
  EXPECT_GT(spread_variance(1, silent, crowd, 0.5), 0.5 * of_a_newcomer);
}

TEST(Interval, CoversWhatItPromisesAndOfDenseUsersLittleMore) {
  Labels labels(3);
  for (const double mean : {0.2, 2.0, 20.0, 200.0}) {
    for (const double dispersion : {0.05, 0.5, 2.0}) {
      Spread crowd;
      std::vector<Spread> users(30);
      coverage(labels, users, crowd, mean, dispersion, 30);
      const double share = coverage(labels, users, crowd, mean, dispersion, 200);
      std::printf("mean %.1f, dispersion %.2f: %.3f covered\n", mean, dispersion, share);
      EXPECT_GE(share, 0.88) << mean << ", " << dispersion;
      if (mean >= 20) {
        EXPECT_LE(share, 0.94) << mean << ", " << dispersion;
      }
    }
  }
}

TEST(Interval, CoverageIsBackThreeHundredLabelsAfterTheVarianceTrebled) {
  Labels labels(4);
  Spread crowd;
  std::vector<Spread> users(200);
  const double before = 0.1;
  const double after = (3 * (50 + before * 2500) - 50) / 2500;
  coverage(labels, users, crowd, 50, before, 100);
  const double at_once = coverage(labels, users, crowd, 50, after, 1);
  coverage(labels, users, crowd, 50, after, 299);
  const double later = coverage(labels, users, crowd, 50, after, 50);
  std::printf("covered at once %.3f, later %.3f\n", at_once, later);
  EXPECT_LT(at_once, 0.85);
  EXPECT_NEAR(later, kLevel, 0.02);
}

TEST(Interval, WrongForecastsWidenTheBoundsUntilTheyHold) {
  Labels labels(5);
  Spread crowd;
  std::vector<Spread> users(20);
  int inside = 0;
  constexpr int kSteps = 400;
  for (int i = 0; i < kSteps; ++i) {
    for (Spread& user : users) {
      const bool held = live(user, crowd, 30, 0.05, labels.draw(45, 0.05));  // the forecast is a third too low
      if (i >= kSteps / 2) inside += held ? 1 : 0;
    }
  }
  EXPECT_NEAR(inside / (kSteps * 10.0), kLevel, 0.03);
}

TEST(Interval, AMissWidensUserAndCrowdAndAHitNarrowsBothALittle) {
  Spread user, crowd;
  spread_learn(user, crowd, 0.5, 20, 60, 90, kLevel);
  EXPECT_GT(user.width, crowd.width);  // a user's own label says more about the user
  EXPECT_GT(crowd.width, 0);
  const Spread user_before = user, crowd_before = crowd;
  spread_learn(user, crowd, 0.5, 20, 60, 20, kLevel);
  EXPECT_LT(user.width, user_before.width);
  EXPECT_LT(crowd.width, crowd_before.width);
  EXPECT_GT(user.width, 0.5F * user_before.width);
}

TEST(Interval, AfterADriftTheBoundsOfEverybodyAreWider) {
  Labels labels(6);
  Spread crowd;
  std::vector<Spread> users(10);
  coverage(labels, users, crowd, 20, 0.1, 60);
  users.push_back({.dispersion = 1.4F, .width = 0, .labels = 20});
  for (const Spread& before : users) {
    Spread after = before;
    spread_forget(after);
    EXPECT_GT(bounds_variance(20, after, crowd, 0.5, kLevel), 1.05 * bounds_variance(20, before, crowd, 0.5, kLevel));
  }
}

// Labels that no law foresaw raise the dispersion until zero is the likeliest count. The bounds go up all the same.
TEST(Interval, ABurstDoesNotBringTheBoundsDown) {
  for (const double mean : {1.0, 5.0, 30.0}) {
    Spread user, crowd;
    crowd.labels = 1000;
    double hi = bounds_of(mean, bounds_variance(mean, user, crowd, 1, kLevel), kLevel).hi;
    for (int label = 0; label < 10; ++label) {
      live(user, crowd, mean, 1, 100 * mean);
      const double now = bounds_of(mean, bounds_variance(mean, user, crowd, 1, kLevel), kLevel).hi;
      EXPECT_GE(now, hi) << mean << ", label " << label;
      hi = now;
    }
  }
}

// Of a spread without labels nothing is stored: what it remembered would be lost between two readings.
TEST(Interval, BeforeTheFirstLabelThereIsNothingToForget) {
  Spread user;
  spread_forget(user);
  EXPECT_EQ(user.width, 0);
}

TEST(Interval, WiderBoundsAreNeverLowerAndNeverWithoutTheMean) {
  for (const double level : {0.8, 0.9, 0.99}) {
    for (const double mean : {0.001, 0.3, 4.2, 43.8, 2000.0}) {
      for (const double prior : {0.01, 0.3, 1.0}) {
        double highest = 0;
        for (int quarters = -12; quarters <= 16; ++quarters) {
          Spread crowd;
          crowd.width = static_cast<float>(quarters) / 4;
          const Bounds bounds = bounds_of(mean, bounds_variance(mean, {}, crowd, prior, level), level);
          EXPECT_LE(bounds.lo, mean);
          EXPECT_GE(bounds.hi, mean);
          EXPECT_GE(bounds.hi, 0.97 * highest) << mean << ' ' << prior << ' ' << quarters << ' ' << level;
          highest = std::max(highest, bounds.hi);
        }
      }
    }
  }
}

TEST(Interval, AbsurdLabelsLeaveFiniteBounds) {
  Spread user, crowd;
  for (const double y : {0.0, 1e9, 0.0, 1e9, 3.0}) {
    for (const double mean : {0.0, 1e-6, 1e6, 1e9}) {
      for (int i = 0; i < 50; ++i) live(user, crowd, mean, 0.5, y);
      const double variance = bounds_variance(mean, user, crowd, 0.5, kLevel);
      ASSERT_TRUE(std::isfinite(variance) && variance >= 0) << mean << " against " << y;
      const Bounds bounds = bounds_of(mean, variance, kLevel);
      ASSERT_TRUE(bounds.lo >= 0 && bounds.lo <= bounds.hi && std::isfinite(bounds.hi)) << mean << " against " << y;
    }
  }
}

}  // namespace
}  // namespace driftcast
