#include "models/joint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <optional>
#include <random>
#include <tuple>

namespace driftcast {
namespace {

constexpr ExpertForecasts kPrior = {0.25F, 0.2F, 0.1F, 0.2F, 0.15F, 0.1F, 0};
constexpr std::array<Expert, 6> kSpeakers = {Expert::kArima,    Expert::kEwmaSlow, Expert::kEwmaFast,
                                             Expert::kSeasonal, Expert::kTsb,      Expert::kSegment};

float of(const ExpertForecasts& weights, Expert expert) { return weights[static_cast<std::size_t>(expert)]; }

double sum_of(const ExpertForecasts& weights) { return std::accumulate(weights.begin(), weights.end(), 0.0); }

VolumeForecasts all_say(double value) {
  VolumeForecasts volume;
  for (const Expert expert : kSpeakers) volume.set(expert, value);
  return volume;
}

VolumeForecasts with_network(VolumeForecasts volume, double network) {
  volume.set(Expert::kNetwork, network);
  return volume;
}

// Forecasts and then learns, as it is done for every label.
JointForecast live(JointUser& user, JointCrowd& crowd, const VolumeForecasts& volume, double y, double rate = 1) {
  const JointForecast forecast = joint_forecast(volume, user, crowd, kPrior);
  joint_learn(user, crowd, kPrior, volume, forecast.joint, y, std::max(1.0, forecast.mean), rate);
  return forecast;
}

TEST(Joint, BeforeAnyLabelThePriorsWeightsSpeak) {
  VolumeForecasts volume = all_say(0);
  volume.set(Expert::kArima, 8);
  volume.set(Expert::kSegment, 4);
  const JointForecast forecast = joint_forecast(volume, {}, {}, kPrior);
  EXPECT_NEAR(forecast.joint, 0.25 * 8 + 0.1 * 4, 1e-6);
  EXPECT_GT(of(forecast.weights, Expert::kArima), of(forecast.weights, Expert::kSegment));
  EXPECT_NEAR(sum_of(forecast.weights), 1, 1e-6);
}

TEST(Joint, TheMeanIsWhatItsWeightsSay) {
  JointUser user;
  JointCrowd crowd;
  std::mt19937_64 random(1);
  std::poisson_distribution<int> counts(7);
  for (int i = 0; i < 300; ++i) {
    VolumeForecasts volume;
    for (const Expert expert : kSpeakers) volume.set(expert, counts(random));
    const JointForecast forecast = live(user, crowd, volume, counts(random));
    double mean = 0;
    for (std::size_t k = 0; k < kExperts; ++k) {
      ASSERT_GE(forecast.weights[k], 0);
      mean += static_cast<double>(forecast.weights[k]) * volume.mean[k];
    }
    ASSERT_NEAR(forecast.mean, mean, 1e-4);
  }
}

TEST(Joint, ExpertsWhoSayTheSameAreTakenAtTheirWord) {
  JointUser user;
  JointCrowd crowd;
  std::mt19937_64 random(2);
  JointForecast forecast;
  for (int i = 0; i < 500; ++i) {
    const double rate = 5 + 3 * std::sin(i);
    forecast = live(user, crowd, all_say(rate), std::poisson_distribution<int>(rate)(random));
  }
  EXPECT_NEAR(sum_of(forecast.weights), 1, 0.05);
}

TEST(Joint, AnExpertWhoHasNotSpokenHasNoWeightAndTheOthersTakeItsPlace) {
  VolumeForecasts volume;
  volume.set(Expert::kEwmaSlow, 10);
  volume.set(Expert::kSegment, 10);
  JointUser user;
  JointCrowd crowd;
  for (int i = 0; i < 100; ++i) {
    const JointForecast forecast = live(user, crowd, volume, 10);
    ASSERT_EQ(of(forecast.weights, Expert::kArima), 0);
    ASSERT_EQ(of(forecast.weights, Expert::kNetwork), 0);
    ASSERT_NEAR(forecast.mean, 10, 0.5) << i;
  }
}

TEST(Joint, AnExpertWhoFallsSilentIsReplacedAtOnce) {
  JointUser user;
  JointCrowd crowd;
  for (int i = 0; i < 100; ++i) live(user, crowd, all_say(10), 10);
  VolumeForecasts volume;
  for (const Expert expert : {Expert::kEwmaSlow, Expert::kTsb, Expert::kSegment}) volume.set(expert, 10);
  const JointForecast forecast = joint_forecast(volume, user, crowd, kPrior);
  EXPECT_EQ(of(forecast.weights, Expert::kArima), 0);
  EXPECT_EQ(of(forecast.weights, Expert::kSeasonal), 0);
  EXPECT_NEAR(forecast.mean, 10, 0.5);
}

// Least squares would take twice the one less once the other.
TEST(Joint, NoExpertIsEverTurnedAround) {
  std::mt19937_64 random(9);
  JointUser user;
  JointCrowd crowd;
  for (int i = 0; i < 600; ++i) {
    const double slow = std::uniform_real_distribution(10.0, 20.0)(random);
    const double fast = std::uniform_real_distribution(0.0, 20.0)(random);
    VolumeForecasts volume;
    volume.set(Expert::kEwmaSlow, slow);
    volume.set(Expert::kEwmaFast, fast);
    const JointForecast forecast = live(user, crowd, volume, 2 * slow - fast, 20);
    for (const float weight : forecast.weights) ASSERT_GE(weight, 0) << i;
    ASSERT_LE(sum_of(forecast.weights), 1.11) << i;
  }
}

TEST(Joint, AUselessExpertHasLostItsWeightAfterTwoHundredLabels) {
  std::mt19937_64 random(3);
  constexpr int kCrowds = 40;
  for (const Expert useless : kSpeakers) {
    double weight = 0;
    for (int i = 0; i < kCrowds; ++i) {
      JointUser user;
      JointCrowd crowd;
      JointForecast forecast;
      for (int label = 0; label < 200; ++label) {
        const double rate = 20 + 10 * std::sin(label / 9.0);
        VolumeForecasts volume;
        for (const Expert expert : kSpeakers) {
          volume.set(expert, rate * std::uniform_real_distribution(0.8, 1.2)(random));
        }
        volume.set(useless, std::uniform_real_distribution(0.0, 60.0)(random));
        forecast = live(user, crowd, volume, std::poisson_distribution<int>(rate)(random), 20);
      }
      weight += of(forecast.weights, useless) / kCrowds;
    }
    std::printf("%s is useless: weight %.4f\n", name(useless).data(), weight);
    EXPECT_LT(weight, 0.05) << name(useless);
  }
}

// A crowd of users for whom some experts are better than others; squared errors of each expert and of the mean.
struct Losses {
  std::array<double, kExperts> expert{};
  double joint = 0;
};

Losses compete(const std::array<double, 6>& noise, const std::array<double, 6>& bias, unsigned seed) {
  std::printf("seed %u\n", seed);
  std::mt19937_64 random(seed);
  JointCrowd crowd;
  std::array<JointUser, 40> users{};
  Losses losses;
  for (int i = 0; i < 200; ++i) {
    for (JointUser& user : users) {
      const double rate = std::gamma_distribution(4.0, 3.0)(random);
      VolumeForecasts volume;
      for (std::size_t k = 0; k < kSpeakers.size(); ++k) {
        const double error = std::normal_distribution(bias[k], noise[k] + 1e-9)(random);
        volume.set(kSpeakers[k], std::max(0.0, rate * (1 + error)));
      }
      const double y = std::poisson_distribution<int>(rate)(random);
      const double mean = live(user, crowd, volume, y, rate).mean;
      if (i < 30) continue;
      losses.joint += std::pow(y - mean, 2);
      for (std::size_t k = 0; k < kExperts; ++k) losses.expert[k] += std::pow(y - volume.mean[k], 2);
    }
  }
  return losses;
}

double least(const Losses& losses) {
  return *std::min_element(losses.expert.begin(), losses.expert.begin() + kSpeakers.size());
}

// One expert is nearly an oracle, the others are off by 60 %: what shares and ridges leave to those must cost little.
TEST(Joint, IsHardlyWorseThanTheBestExpertWhoeverThatIs) {
  for (std::size_t best = 0; best < kSpeakers.size(); ++best) {
    std::array<double, 6> noise{};
    noise.fill(0.6);
    noise[best] = 0.05;
    const Losses losses = compete(noise, {}, 4);
    const double ratio = std::sqrt(losses.joint / least(losses));
    std::printf("%s is best: error of the joint forecast %.4f of its\n", name(kSpeakers[best]).data(), ratio);
    EXPECT_LE(ratio, 1.03) << name(kSpeakers[best]);
  }
}

TEST(Joint, IsBetterThanEveryExpertWhereTheyErrApart) {
  std::array<double, 6> noise{};
  noise.fill(0.4);
  const Losses losses = compete(noise, {}, 5);
  EXPECT_LT(losses.joint, 0.8 * least(losses));
}

TEST(Joint, WhatAllOverestimateIsScaledDown) {
  std::array<double, 6> noise{}, bias{};
  noise.fill(0.1);
  bias.fill(0.5);
  const Losses losses = compete(noise, bias, 6);
  EXPECT_LT(losses.joint, 0.3 * least(losses));
}

// For the crowd the two are equally good; for this user only one is.
TEST(Joint, AUserForWhomOnlyArimaIsRightComesToTrustIt) {
  std::mt19937_64 random(7);
  JointCrowd crowd;
  JointUser ordinary, odd;
  const auto say = [&](double arima, double others) {
    VolumeForecasts volume = all_say(others);
    volume.set(Expert::kArima, arima);
    return volume;
  };
  JointForecast of_ordinary, of_odd;
  for (int i = 0; i < 150; ++i) {
    const double rate = std::gamma_distribution(4.0, 3.0)(random);
    const double guess = std::gamma_distribution(4.0, 3.0)(random);
    for (int k = 0; k < 20; ++k) {
      of_ordinary = live(ordinary, crowd, say(rate, rate), std::poisson_distribution<int>(rate)(random), rate);
    }
    of_odd = live(odd, crowd, say(rate, guess), std::poisson_distribution<int>(rate)(random), rate);
  }
  EXPECT_GT(of(of_odd.weights, Expert::kArima), of(of_ordinary.weights, Expert::kArima) + 0.3);
}

TEST(Joint, AfterADriftMostOfTheUsersOwnEvidenceIsGone) {
  JointUser user;
  JointCrowd crowd;
  for (int i = 0; i < 50; ++i) live(user, crowd, with_network(all_say(10), 10), 10);
  const JointUser before = user;
  joint_forget(user);
  for (std::size_t i = 0; i < user.a.size(); ++i) EXPECT_LT(user.a[i], 0.2F * before.a[i]);
  for (std::size_t i = 0; i < user.b.size(); ++i) EXPECT_LT(user.b[i], 0.2F * before.b[i]);
}

// Like live(), with a joint forecast from outside, so that what is learned depends on the label alone.
void learn(JointUser& user, JointCrowd& crowd, const VolumeForecasts& volume, double y) {
  joint_learn(user, crowd, kPrior, volume, 8, y, 8, 8);
}

// A user who explodes would else decide for hundreds of labels how experts are weighed none of whom saw it coming.
TEST(Joint, ALabelFarAboveItsForecastTeachesAsIfItWereSixDeviationsAbove) {
  VolumeForecasts volume;
  for (const Expert expert : kSpeakers) volume.set(expert, 10 + static_cast<float>(expert));
  const auto learned = [&](double y) {
    JointUser user;
    JointCrowd crowd;
    joint_learn(user, crowd, {}, volume, 12, y, 25, 1);
    return std::tuple(user.a, user.b, crowd.a, crowd.b);
  };
  EXPECT_EQ(learned(12 + 6 * 5), learned(5000));
  EXPECT_NE(learned(12 + 5 * 5), learned(12 + 6 * 5));
  EXPECT_NE(learned(0), learned(12));
}

TEST(JointNetwork, WithoutItsWordNothingIsKeptOfIt) {
  JointUser user;
  JointCrowd crowd;
  for (int i = 0; i < 50; ++i) live(user, crowd, all_say(10), i % 20);
  EXPECT_EQ((std::array{user.a[3], user.a[4], user.a[5], user.b[2]}), (std::array<float, 4>{}));
  EXPECT_GT(user.a[2], 0);
}

TEST(JointNetwork, TheMeanIsWhatTheWeightsSayOfItToo) {
  std::mt19937_64 random(11);
  JointUser user;
  JointCrowd crowd;
  std::poisson_distribution<int> counts(7);
  for (int i = 0; i < 300; ++i) {
    VolumeForecasts volume;
    for (const Expert expert : kSpeakers) volume.set(expert, counts(random));
    if (i % 3 != 0) volume.set(Expert::kNetwork, counts(random));
    const JointForecast forecast = live(user, crowd, volume, counts(random));
    double mean = 0;
    for (std::size_t k = 0; k < kExperts; ++k) {
      ASSERT_GE(forecast.weights[k], 0);
      mean += static_cast<double>(forecast.weights[k]) * volume.mean[k];
    }
    ASSERT_NEAR(forecast.mean, mean, 1e-4);
    ASSERT_LE(sum_of(forecast.weights), 1.11);
    if (!volume.has(Expert::kNetwork)) {
      ASSERT_EQ(of(forecast.weights, Expert::kNetwork), 0);
    }
  }
}

// For the crowd all are equally good; for this user only the network is.
TEST(JointNetwork, AUserForWhomOnlyItIsRightComesToTrustIt) {
  std::mt19937_64 random(12);
  JointCrowd crowd;
  JointUser ordinary, odd;
  JointForecast of_ordinary, of_odd;
  for (int i = 0; i < 150; ++i) {
    const double rate = std::gamma_distribution(4.0, 3.0)(random);
    const double guess = std::gamma_distribution(4.0, 3.0)(random);
    for (int k = 0; k < 20; ++k) {
      of_ordinary =
          live(ordinary, crowd, with_network(all_say(rate), rate), std::poisson_distribution<int>(rate)(random), rate);
    }
    of_odd = live(odd, crowd, with_network(all_say(guess), rate), std::poisson_distribution<int>(rate)(random), rate);
  }
  EXPECT_GT(of(of_odd.weights, Expert::kNetwork), of(of_ordinary.weights, Expert::kNetwork) + 0.3);
}

// Least squares would take twice the network less once the others.
TEST(JointNetwork, NobodyIsTurnedAroundBesideIt) {
  std::mt19937_64 random(13);
  JointUser user;
  JointCrowd crowd;
  JointForecast forecast;
  for (int i = 0; i < 600; ++i) {
    const double network = std::uniform_real_distribution(10.0, 20.0)(random);
    const double others = std::uniform_real_distribution(0.0, 20.0)(random);
    forecast = live(user, crowd, with_network(all_say(others), network), 2 * network - others, 20);
    for (const float weight : forecast.weights) ASSERT_GE(weight, 0) << i;
    ASSERT_LE(sum_of(forecast.weights), 1.11) << i;
  }
  EXPECT_GT(of(forecast.weights, Expert::kNetwork), 0.9);
}

// All say the same, so that their mix is known.
TEST(JointNetwork, ALabelWithoutItsWordCountsAsIfItHadSaidTheMixOfTheOthers) {
  JointUser silent, speaking;
  JointCrowd crowd_of_silent, crowd_of_speaking;
  for (int i = 0; i < 150; ++i) {
    const bool is_silent = i < 100 || i > 120;  // before its first word, and after
    const double value = 5 + i % 7;
    const double network = is_silent ? value : 20 - value;
    const double y = 3 + i % 11;
    learn(silent, crowd_of_silent, is_silent ? all_say(value) : with_network(all_say(value), network), y);
    learn(speaking, crowd_of_speaking, with_network(all_say(value), network), y);
  }
  for (std::size_t i = 0; i < silent.a.size(); ++i) EXPECT_NEAR(silent.a[i], speaking.a[i], 1e-4F * speaking.a[i]) << i;
  for (std::size_t i = 0; i < silent.b.size(); ++i) EXPECT_NEAR(silent.b[i], speaking.b[i], 1e-4F * speaking.b[i]) << i;
  for (std::size_t i = 0; i < crowd_of_silent.a.size(); ++i) {
    EXPECT_NEAR(crowd_of_silent.a[i], crowd_of_speaking.a[i], 1e-4F * crowd_of_speaking.a[i]) << i;
  }
  for (std::size_t i = 0; i < crowd_of_silent.b.size(); ++i) {
    EXPECT_NEAR(crowd_of_silent.b[i], crowd_of_speaking.b[i], 1e-4F * crowd_of_speaking.b[i]) << i;
  }
}

// The experts are off by 40 %, each for itself. Returns the weight of the last forecast with the network's word.
class Town {
 public:
  explicit Town(unsigned seed) : random_(seed) { std::printf("seed %u\n", seed); }

  // `labels` of every user; a network that speaks is off by `noise`, else it is silent.
  double live_on(int labels, std::optional<double> noise) {
    double weight = 0;
    for (int i = 0; i < labels; ++i) {
      for (JointUser& user : users_) {
        const double rate = std::gamma_distribution(4.0, 3.0)(random_);
        VolumeForecasts volume;
        for (const Expert expert : kSpeakers) volume.set(expert, rate * off_by(0.4));
        if (noise) volume.set(Expert::kNetwork, rate * off_by(*noise));
        const JointForecast forecast = live(user, crowd_, volume, std::poisson_distribution<int>(rate)(random_), rate);
        weight = of(forecast.weights, Expert::kNetwork);
        sum_ = sum_of(forecast.weights);
      }
    }
    return weight;
  }
  double sum() const { return sum_; }

 private:
  double off_by(double noise) { return std::max(0.0, 1 + std::normal_distribution(0.0, noise)(random_)); }

  std::mt19937_64 random_;
  JointCrowd crowd_;
  std::array<JointUser, 20> users_{};
  double sum_ = 0;
};

TEST(JointNetwork, AGoodOneThatComesLateIsBelievedAndGoesWithoutHarm) {
  Town town(14);
  EXPECT_EQ(town.live_on(100, std::nullopt), 0);
  EXPECT_GT(town.live_on(100, 0.02), 0.2);  // though its prior weight is zero
  EXPECT_EQ(town.live_on(5, std::nullopt), 0);
  EXPECT_NEAR(town.sum(), 1, 0.1);        // the others take its place
  EXPECT_GT(town.live_on(1, 0.02), 0.2);  // what was known of it has not been forgotten
}

TEST(JointNetwork, AUselessOneThatComesLateIsNotBelieved) {
  Town town(15);
  town.live_on(100, std::nullopt);
  EXPECT_LT(town.live_on(60, 2), 0.1);
}

TEST(JointNetwork, AbsurdWordsOfItLeaveFiniteWeights) {
  JointUser user;
  JointCrowd crowd;
  for (const double y : {0.0, 1e9, 3.0}) {
    for (const double value : {0.0, 1e9, 1e-9, 2.0}) {
      for (int i = 0; i < 40; ++i) {
        const VolumeForecasts volume = i % 5 == 4 ? all_say(2) : with_network(all_say(i % 2 == 0 ? value : 2), value);
        const JointForecast forecast = live(user, crowd, volume, y);
        ASSERT_TRUE(std::isfinite(forecast.mean) && forecast.mean >= 0) << value << " against " << y;
        ASSERT_LE(sum_of(forecast.weights), 1.2) << value << " against " << y;
      }
    }
  }
}

TEST(Joint, AbsurdForecastsAndLabelsLeaveFiniteWeights) {
  JointUser user;
  JointCrowd crowd;
  for (const double y : {0.0, 1e9, 3.0, 0.0}) {
    for (const double value : {0.0, 1e9, 1e-9, 2.0}) {
      for (int i = 0; i < 40; ++i) {
        const JointForecast forecast = live(user, crowd, all_say(value), y);
        ASSERT_TRUE(std::isfinite(forecast.mean) && forecast.mean >= 0) << value << " against " << y;
        ASSERT_TRUE(std::isfinite(sum_of(forecast.weights))) << value << " against " << y;
        ASSERT_LE(sum_of(forecast.weights), 1.2) << value << " against " << y;
      }
    }
  }
  const JointForecast none = joint_forecast({}, user, crowd, kPrior);
  EXPECT_EQ(none.mean, 0);
}

}  // namespace
}  // namespace driftcast
