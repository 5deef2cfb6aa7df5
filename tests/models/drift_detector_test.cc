#include "models/drift_detector.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace driftcast {
namespace {

constexpr double kPriorMass = 5;
constexpr double kRecentDecay = 0.9;
constexpr int kMonitored = 200;  // events watched
constexpr int kChange = 60;      // of them come before the change

using Profile = std::vector<double>;

// Chance with its seed on the screen.
class Crowd {
 public:
  explicit Crowd(unsigned seed) : random_(seed) { std::printf("seed %u\n", seed); }

  Profile profile(std::size_t categories) {  // Dirichlet, as the detector's prior has it
    std::gamma_distribution<double> gamma(kPriorMass / static_cast<double>(categories));
    Profile shares(categories);
    for (double& share : shares) share = gamma(random_) + 1e-12;
    const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (double& share : shares) share /= total;
    return shares;
  }

  std::size_t draw(const Profile& shares) {
    double left = std::uniform_real_distribution<double>()(random_);
    for (std::size_t i = 0; i + 1 < shares.size(); ++i) {
      if ((left -= shares[i]) < 0) return i;
    }
    return shares.size() - 1;
  }

 private:
  std::mt19937_64 random_;
};

// A user's counts and the detector on them: recent (discounted) against all.
class User {
 public:
  explicit User(std::size_t categories) : reference_(categories), recent_(categories) {}

  void see(std::size_t category) {
    for (double& count : recent_) count *= kRecentDecay;
    recent_total_ = recent_total_ * kRecentDecay + 1;
    recent_[category] += 1;
    reference_[category] += 1;
    reference_total_ += 1;
  }

  const EDetector& watch(std::size_t category) {
    const double prior = kPriorMass / static_cast<double>(reference_.size());
    const double alternative = (recent_[category] + prior) / (recent_total_ + kPriorMass);
    const double reference = (reference_[category] + prior) / (reference_total_ + kPriorMass);
    e_detector_update(detector_, tempered_ratio(alternative, reference));
    see(category);
    return detector_;
  }

 private:
  std::vector<double> reference_, recent_;
  double reference_total_ = 0, recent_total_ = 0;
  EDetector detector_ = e_detector_start();
};

User with_history(Crowd& crowd, const Profile& shares, int events) {
  User user(shares.size());
  for (int i = 0; i < events; ++i) user.see(crowd.draw(shares));
  return user;
}

// Of steady users, over kMonitored events: the largest R and E each reached, and E at the end.
struct Steady {
  std::vector<double> largest_r, largest_e, last_e;
};

Steady watch_steady(Crowd& crowd, std::size_t categories, int history, int users) {
  Steady steady;
  for (int i = 0; i < users; ++i) {
    const Profile shares = crowd.profile(categories);
    User user = with_history(crowd, shares, history);
    double r = 0, log_e = 0, last = 0;
    for (int event = 0; event < kMonitored; ++event) {
      const EDetector& detector = user.watch(crowd.draw(shares));
      r = std::max<double>(r, detector.r);
      log_e = std::max(log_e, last = e_detector_log_e(detector));
    }
    steady.largest_r.push_back(r);
    steady.largest_e.push_back(std::exp(log_e));
    steady.last_e.push_back(std::exp(last));
  }
  return steady;
}

double share_from(const std::vector<double>& values, double bar) {
  const auto above = std::count_if(values.begin(), values.end(), [bar](double x) { return x >= bar; });
  return static_cast<double>(above) / static_cast<double>(values.size());
}

double quantile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))];
}

TEST(DriftDetector, SteadyUsersRaiseFewerFalseAlarmsThanPromised) {
  Crowd crowd(1);
  for (const std::size_t categories : {5U, 12U, 50U}) {
    for (const int history : {20, 40, 100}) {
      const Steady steady = watch_steady(crowd, categories, history, 4000);
      for (const double run_length : {2000.0, 20000.0}) {
        const double alarms = share_from(steady.largest_r, run_length);
        std::printf("%zu categories, %d events of history: %.4f alarm at run length %.0f\n", categories, history,
                    alarms, run_length);
        EXPECT_LE(alarms, kMonitored / run_length);
      }
    }
  }
}

TEST(DriftDetector, SteadyUsersHaveEValuesOfMeanOneAtMost) {
  Crowd crowd(2);
  for (const std::size_t categories : {5U, 12U, 50U}) {
    const Steady steady = watch_steady(crowd, categories, 40, 8000);
    EXPECT_LE(share_from(steady.largest_e, 20), 0.05);  // Ville
    EXPECT_LE(share_from(steady.last_e, 20), 0.05);     // Markov
    // The mean itself lives on rare large values; without the largest thousandth it is below 1.
    const double rare = quantile(steady.last_e, 0.999);
    double sum = 0;
    for (const double e : steady.last_e) sum += e < rare ? e : 0;
    EXPECT_LE(sum / 8000, 1) << categories;
  }
}

struct Delays {
  double median;     // events from the change to the alarm; infinite where it is not found
  double within_50;  // share of users
};

Delays watch_changing(Crowd& crowd, int history, double mixture, double bar) {
  std::vector<double> delays;
  for (int i = 0; i < 1500; ++i) {
    const Profile before = crowd.profile(12);
    Profile after = crowd.profile(12);
    for (std::size_t k = 0; k < after.size(); ++k) after[k] = (1 - mixture) * before[k] + mixture * after[k];
    User user = with_history(crowd, before, history);
    double delay = std::numeric_limits<double>::infinity();
    for (int event = 0; event < kMonitored; ++event) {
      if (user.watch(crowd.draw(event < kChange ? before : after)).r < bar) continue;
      delay = event - kChange + 1;
      break;
    }
    if (delay > 0) delays.push_back(delay);  // the others are false alarms
  }
  return {quantile(delays, 0.5), 1 - share_from(delays, 50.5)};
}

// The bar is the one at which 1 % of steady users alarm, as in comparisons of detectors at equal false alarms.
TEST(DriftDetector, ChangesAreFoundSoon) {
  struct Row {
    int history;
    double mixture, median, within_50;
  };
  Crowd crowd(3);
  for (const int history : {100, 40}) {
    const double bar = quantile(watch_steady(crowd, 12, history, 4000).largest_r, 0.99);
    for (const Row& row : {Row{100, 1.0, 12, 0.96}, Row{100, 0.6, 22, 0.84}, Row{100, 0.3, 66, 0.42},
                           Row{40, 1.0, 13, 0.95}, Row{40, 0.6, 26, 0.75}, Row{40, 0.3, 110, 0.28}}) {
      if (row.history != history) continue;
      const Delays found = watch_changing(crowd, history, row.mixture, bar);
      std::printf("history %d, change of %.0f %%: median %.0f events, %.3f within 50\n", history, 100 * row.mixture,
                  found.median, found.within_50);
      EXPECT_LE(found.median, row.median) << history << ", " << row.mixture;
      EXPECT_GE(found.within_50, row.within_50) << history << ", " << row.mixture;
    }
  }
}

TEST(DriftDetector, AChangeAfterALongSteadyTimeIsStillConfirmed) {
  Crowd crowd(4);
  std::vector<double> delays;
  for (int i = 0; i < 200; ++i) {
    const Profile before = crowd.profile(12);
    const Profile after = crowd.profile(12);
    User user = with_history(crowd, before, 100);
    for (int event = 0; event < 10000; ++event) user.watch(crowd.draw(before));
    int delay = 1;
    while (delay < 1000 && e_detector_log_e(user.watch(crowd.draw(after))) < std::log(2000)) ++delay;
    delays.push_back(delay);
  }
  EXPECT_LE(quantile(delays, 0.5), 25);
  EXPECT_LE(quantile(delays, 0.9), 60);
}

// The slow twin: every possible time of the change has its own product.
TEST(DriftDetector, TheRecursionsAreSumsOverAllTimesOfTheChange) {
  std::mt19937_64 random(5);
  std::lognormal_distribution<double> ratios(-0.1, 0.6);
  EDetector detector = e_detector_start();
  std::vector<double> products;  // of the ratios from each start on
  for (int n = 0; n < 300; ++n) {
    const double ratio = ratios(random);
    products.push_back(1);
    for (double& product : products) product *= ratio;
    e_detector_update(detector, ratio);
    double r = 0, e = 200.0 / (200 + n + 1);
    for (std::size_t start = 0; start < products.size(); ++start) {
      const auto at = static_cast<double>(start);
      r += products[start];
      e += products[start] * 200 / ((200 + at) * (201 + at));
    }
    ASSERT_NEAR(e_detector_log_r(detector), std::log1p(r), 1e-4) << n;
    ASSERT_NEAR(e_detector_log_e(detector), std::log(e), 1e-4) << n;
  }
}

TEST(DriftDetector, StartsWithoutEvidenceAndKeepsTheEValueOverAnAlarm) {
  EDetector detector = e_detector_start();
  EXPECT_EQ(e_detector_log_r(detector), 0);
  EXPECT_EQ(e_detector_log_e(detector), 0);
  for (int i = 0; i < 20; ++i) e_detector_update(detector, 3);
  const double log_e = e_detector_log_e(detector);
  e_detector_clear_alarm(detector);
  EXPECT_EQ(e_detector_log_r(detector), 0);
  EXPECT_EQ(e_detector_log_e(detector), log_e);
}

TEST(DriftDetector, ExtremeRatiosStayFiniteAndCanBeOvercome) {
  EDetector detector = e_detector_start();
  for (int i = 0; i < 100; ++i) e_detector_update(detector, 1e300);
  EXPECT_TRUE(std::isfinite(e_detector_log_r(detector)) && std::isfinite(e_detector_log_e(detector)));
  for (int i = 0; i < 1'000'000; ++i) e_detector_update(detector, 0.5);
  EXPECT_LT(e_detector_log_r(detector), 1);
  EXPECT_TRUE(std::isfinite(e_detector_log_e(detector)));
  for (int i = 0; i < 60; ++i) e_detector_update(detector, 2);
  EXPECT_GT(e_detector_log_r(detector), std::log(20000));
  EXPECT_GT(e_detector_log_e(detector), std::log(20000));
}

TEST(DriftDetector, WhatIsNoRatioIsNoEvidence) {
  EDetector detector = e_detector_start();
  e_detector_update(detector, 2);
  const EDetector before = detector;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double odd : {std::nan(""), kInfinity, -kInfinity, 0.0, -1.0}) e_detector_update(detector, odd);
  EXPECT_EQ(detector.r, before.r);
  EXPECT_EQ(detector.m, before.m);
  EXPECT_EQ(detector.w, before.w);
}

TEST(DriftDetector, ATemperedRatioNeverCostsMoreThanHalf) {
  EXPECT_EQ(tempered_ratio(0.3, 0.3), 1);
  EXPECT_EQ(tempered_ratio(0, 0.3), 0.5);
  EXPECT_EQ(tempered_ratio(0.75, 0.25), 2);
}

// log of the negative binomial probability, with gamma functions.
double log_negative_binomial(double y, double mean, double size) {
  return std::lgamma(y + size) - std::lgamma(size) - std::lgamma(y + 1) + size * std::log(size / (size + mean)) +
         y * std::log(mean / (size + mean));
}

TEST(VolumeRatio, IsThatOfTwoNegativeBinomialLaws) {
  for (const double size : {0.3, 1.0, 5.0, 80.0}) {
    for (const double reference : {0.05, 1.0, 20.0}) {
      for (const double alternative : {0.01, 1.0, 30.0}) {
        for (const double y : {0.0, 1.0, 4.0, 25.0}) {
          const double log_ratio =
              log_negative_binomial(y, alternative, size) - log_negative_binomial(y, reference, size);
          const double expected = 0.5 * std::exp(std::min(log_ratio, 50.0)) + 0.5;
          EXPECT_NEAR(volume_ratio(y, alternative, reference, size) / expected, 1, 1e-9);
        }
      }
    }
  }
}

TEST(VolumeRatio, ItsMeanUnderTheReferenceIsOne) {
  for (const double alternative : {0.2, 3.0, 7.0}) {
    double mean = 0;
    for (double y = 0; y < 2000; ++y) {
      mean += std::exp(log_negative_binomial(y, 3, 2)) * volume_ratio(y, alternative, 3, 2);
    }
    EXPECT_NEAR(mean, 1, 1e-9) << alternative;
  }
}

TEST(VolumeRatio, StaysFiniteWhenTheLevelsAreWorldsApart) {
  for (const double y : {0.0, 1.0, 1e9}) {
    for (const double alternative : {1e-3, 1e9}) {
      for (const double reference : {1e-12, 1e-3, 1e9}) {
        for (const double dispersion : {1e-12, 1.0, 1e12}) {
          const double ratio = volume_ratio(y, alternative, reference, dispersion);
          EXPECT_TRUE(std::isfinite(ratio) && ratio >= 0.5) << y << ", " << alternative << ", " << reference;
        }
      }
    }
  }
}

TEST(JsDivergence, HasItsKnownValues) {
  const auto divergence = [](std::vector<float> a, std::vector<float> b) { return js_divergence(a, b); };
  EXPECT_EQ(divergence({1, 2, 3}, {2, 4, 6}), 0);
  EXPECT_NEAR(divergence({5, 0}, {0, 7}), std::log(2), 1e-15);
  EXPECT_NEAR(divergence({1, 0}, {1, 1}), 0.75 * std::log(4.0 / 3), 1e-12);
  EXPECT_NEAR(divergence({3, 1, 0}, {0, 1, 3}), divergence({0, 1, 3}, {3, 1, 0}), 1e-15);
  EXPECT_EQ(divergence({0, 0}, {1, 1}), 0);
  EXPECT_EQ(divergence({}, {}), 0);
}

// The slow twin: all e-values in a list, sorted; the largest k whose k-th is at least N / (k q).
bool rejected_by_sorting(std::vector<double> e_values, double e, double q) {
  std::sort(e_values.begin(), e_values.end(), std::greater<>());
  const auto n = static_cast<double>(e_values.size());
  for (std::size_t k = e_values.size(); k > 0; --k) {
    const double bar = n / (static_cast<double>(k) * q);
    if (e_values[k - 1] >= bar) return e >= bar;
  }
  return false;
}

RC_GTEST_PROP(EBh, EqualsTheProcedureOnTheWholeSortedList, ()) {
  const double q = *rc::gen::element(0.01, 0.05, 0.3);
  const auto quarters = *rc::gen::container<std::vector<int>>(rc::gen::inRange(-40, 60));  // log E in quarters
  std::vector<double> e_values;
  std::vector<float> candidates;
  for (const int quarter : quarters) {
    const auto log_e = static_cast<float>(quarter) / 4;
    e_values.push_back(std::exp(static_cast<double>(log_e)));
    if (e_values.back() > 1 / q) candidates.push_back(log_e);
  }
  std::sort(candidates.begin(), candidates.end(), std::greater<>());
  const auto hypotheses = static_cast<std::int64_t>(e_values.size());
  for (std::size_t i = 0; i < e_values.size(); ++i) {
    const auto log_e = static_cast<float>(quarters[i]) / 4;
    RC_ASSERT(e_bh_rejects(candidates, log_e, hypotheses, q) == rejected_by_sorting(e_values, e_values[i], q));
  }
}

TEST(EBh, RejectsNobodyWithoutCandidatesAndAllWhoAreFarOut) {
  EXPECT_FALSE(e_bh_rejects({}, 100, 1000, 0.05));
  const std::vector<float> logs = {30, 20, 12, 4};
  for (const float log_e : {30.0F, 20.0F, 12.0F}) EXPECT_TRUE(e_bh_rejects(logs, log_e, 1000, 0.05));
  EXPECT_FALSE(e_bh_rejects(logs, 4, 1000, 0.05));  // needs 1000 / (4 * 0.05) = e^8.5
}

}  // namespace
}  // namespace driftcast
