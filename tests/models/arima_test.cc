#include "models/arima.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
#include <string>

#include "models/arima_exact.h"
#include "tests/support/series.h"

namespace driftcast {
namespace {

using Values = std::vector<double>;

// For a series without a special beginning: the two parameters of a smooth series, free to move from the start.
constexpr ArimaPrior kBare{.phi = 0.2F, .theta = -0.35F, .s2 = 1, .mean = 0, .rho = 1, .p0 = 0.3F, .youth = 0};

ArimaState learn(const ArimaPrior& prior, const Values& values) {
  ArimaState state = arima_start(prior);
  for (const double value : values) arima_learn(state, prior, static_cast<float>(value));
  return state;
}

// One-step errors of values 1, 2, ...
Values online_errors(const ArimaPrior& prior, const Values& values) {
  ArimaState state = arima_start(prior);
  Values errors;
  for (const double value : values) errors.push_back(arima_learn(state, prior, static_cast<float>(value)));
  errors.erase(errors.begin());
  return errors;
}

double root_mean_square(const Values& values, std::size_t from) {
  double sum = 0;
  for (std::size_t i = from; i < values.size(); ++i) sum += values[i] * values[i];
  return std::sqrt(sum / static_cast<double>(values.size() - from));
}

double mean_square_of_first_differences(const Values& values, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 1; i <= count; ++i) sum += std::pow(values[i] - values[i - 1], 2);
  return sum / static_cast<double>(count);
}

// An ARIMA(1,1,1) path and the noise that drove it.
struct Path {
  Values values, noise;
};

Path simulate(double phi, double theta, std::size_t length, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Path path;
  double z = 0, w = 0, e = 0;
  for (std::size_t i = 0; i < length; ++i) {
    const double shock = normal(random);
    w = phi * w + shock + theta * e;
    e = shock;
    path.values.push_back(z += w);
    path.noise.push_back(shock);
  }
  return path;
}

void expect_sound(const ArimaState& s, const std::string& after) {
  for (const float number : {s.phi, s.theta, s.p11, s.p12, s.p22, s.z, s.w, s.e, s.s2, s.mean, s.variance}) {
    ASSERT_TRUE(std::isfinite(number)) << after;
  }
  ASSERT_TRUE(std::isfinite(s.gradient_phi) && std::isfinite(s.gradient_theta)) << after;
  ASSERT_LE(std::abs(s.phi), 0.98F) << after;
  ASSERT_LE(std::abs(s.theta), 0.98F) << after;
  ASSERT_TRUE(s.p11 >= 0 && s.p11 <= 10 && s.p22 >= 0 && s.p22 <= 10) << after << ": " << s.p11 << ", " << s.p22;
  ASSERT_LE(static_cast<double>(s.p12) * s.p12, static_cast<double>(s.p11) * s.p22 + 1e-12) << after;
  ASSERT_LE(std::abs(s.mean), 1e6F) << after;
  ASSERT_TRUE(s.variance >= 0 && s.variance <= 1.01e12F) << after << ": " << s.variance;
  ASSERT_GT(s.s2, 0) << after;
}

// The bar is set with hindsight: the exact fit has seen the whole series, the recursion only what came before each
// value. Scored over the same span, after the first third; the recursion knows nothing in advance but the first value
// and the scale of the first ten differences, which lie before that span. One prior for all three series.
void expect_close_to_the_exact_fit(const char* name, double (*transform)(double), double bound) {
  std::optional<Values> series = read_series(shared_series("classic/" + std::string(name) + ".csv"));
  if (!series) GTEST_SKIP() << "the series " << name << " is absent";
  for (double& value : *series) value = transform(value);
  const Result<ArimaFit> fit = fit_arima(*series, {.p = 1, .d = 1, .q = 1});
  ASSERT_TRUE(fit);
  ArimaPrior prior = kBare;
  prior.mean = static_cast<float>(series->front());
  prior.s2 = static_cast<float>(mean_square_of_first_differences(*series, 10));
  const std::size_t third = series->size() / 3;
  const double exact = root_mean_square(one_step_errors(*fit, *series)->error, third);
  const double online = root_mean_square(online_errors(prior, *series), third);
  std::printf("%s: one-step error online %.5f, exact %.5f, ratio %.4f\n", name, online, exact, online / exact);
  EXPECT_LE(online / exact, bound);
}

TEST(Arima, ForecastsLynxWithinTwoPercentOfTheExactFit) {
  expect_close_to_the_exact_fit(
      "lynx", [](double y) { return std::log10(y); }, 1.02);
}

TEST(Arima, ForecastsSunspotsWithinTwoPercentOfTheExactFit) {
  expect_close_to_the_exact_fit(
      "sunspot.year", [](double y) { return y; }, 1.02);
}

TEST(Arima, ForecastsTheNileWithinFivePercentOfTheExactFit) {
  expect_close_to_the_exact_fit(
      "Nile", [](double y) { return y; }, 1.05);
}

TEST(Arima, OnALongSimulationOnlyForgettingCostsAnything) {
  for (const auto& [phi, theta] : {std::pair{0.7, -0.4}, {0.3, -0.85}, {-0.5, 0.6}}) {
    for (const unsigned seed : {1U, 2U, 3U}) {
      const Path path = simulate(phi, theta, 20000, seed);
      const double error = root_mean_square(online_errors(kBare, path.values), 10000);
      const double noise = root_mean_square(path.noise, 10001);
      // Of the mean square: two parameters with a memory of 200 values cost 2 * 0.005 / 2 in theory.
      EXPECT_LT(std::pow(error / noise, 2) - 1, 0.01) << phi << ", " << theta << ", seed " << seed;
    }
  }
}

// The slow twin: the information matrix (the inverse of P) is summed up and inverted anew for each value.
std::pair<double, double> twin_parameters(const ArimaPrior& prior, const Values& values) {
  double phi = prior.phi, theta = prior.theta, s2 = prior.s2;
  double i11 = 1 / static_cast<double>(prior.p0), i12 = 0, i22 = i11;
  double z = prior.mean, w = 0, e = 0, gradient_phi = 0, gradient_theta = 0;
  for (std::size_t n = 0; n < values.size(); ++n) {
    const double difference = values[n] - z;
    const double innovation = difference - phi * w - theta * e;
    gradient_phi = w - theta * gradient_phi;
    gradient_theta = e - theta * gradient_theta;
    const double forgetting = n < 200 ? 1 : 0.995;
    const double x1 = gradient_phi / std::sqrt(s2), x2 = gradient_theta / std::sqrt(s2);
    i11 = forgetting * i11 + x1 * x1;
    i12 = forgetting * i12 + x1 * x2;
    i22 = forgetting * i22 + x2 * x2;
    const double pull = std::clamp(innovation / std::sqrt(s2), -4.0, 4.0) / (i11 * i22 - i12 * i12);
    phi = std::clamp(phi + pull * (i22 * x1 - i12 * x2), -0.98, 0.98);
    theta = std::clamp(theta + pull * (i11 * x2 - i12 * x1), -0.98, 0.98);
    const auto age = static_cast<double>(n);
    if (n > 0) s2 += std::max(0.02, 1 / (age + 5)) * (innovation * innovation - s2);
    z = values[n];
    w = difference;
    e = innovation;
  }
  return {phi, theta};
}

TEST(Arima, TheRecursionIsGaussNewtonOnAllThatIsNotForgotten) {
  for (const unsigned seed : {11U, 12U, 13U}) {
    Path path = simulate(0.6, -0.3, 400, seed);
    for (std::size_t i = 120; i < 400; ++i) path.values[i] += 25;  // a burst that is cut to four deviations
    for (const std::size_t length : {2U, 30U, 150U, 200U, 400U}) {
      const Values values(path.values.begin(), path.values.begin() + static_cast<std::ptrdiff_t>(length));
      const auto [phi, theta] = twin_parameters(kBare, values);
      const ArimaState state = learn(kBare, values);
      EXPECT_NEAR(state.phi, phi, 1e-4) << length << ", seed " << seed;
      EXPECT_NEAR(state.theta, theta, 1e-4) << length << ", seed " << seed;
    }
  }
}

TEST(Arima, TheInnovationIsTheValueMinusTheForecastBeforeIt) {
  ArimaState state = learn(kBare, simulate(0.5, -0.3, 100, 4).values);
  const double forecast = arima_forecast(state, kBare, 1).mean;
  EXPECT_NEAR(arima_learn(state, kBare, 3), 3 - forecast, 1e-4);
}

TEST(Arima, TheFirstValueIsExpectedAtThePriorsMeanAndTeachesNoVariance) {
  ArimaPrior prior;
  prior.mean = 2;
  ArimaState state = arima_start(prior);
  EXPECT_EQ(arima_learn(state, prior, 5), 3);
  EXPECT_EQ(state.s2, prior.s2);
}

TEST(Arima, InItsYouthTheParametersAreThePriorsAlsoWhenThatChanges) {
  ArimaPrior prior;
  const Values values = simulate(0.5, -0.3, 11, 5).values;
  ArimaState state = arima_start(prior);
  for (std::size_t i = 0; i < 10; ++i) {
    prior.phi = i < 5 ? 0 : 0.2F;
    prior.theta = i < 5 ? -0.85F : -0.7F;
    arima_learn(state, prior, static_cast<float>(values[i]));
    EXPECT_THAT((std::pair{state.phi, state.theta}), testing::Pair(prior.phi, prior.theta)) << i;
  }
  arima_learn(state, prior, static_cast<float>(values[10]));
  EXPECT_NE(state.theta, prior.theta);
}

// The forecast and its variance in closed form, for the recursion without damping.
ArimaForecast closed_form(const ArimaState& s, int horizon) {
  const auto geometric = [&](int j) { return (1 - std::pow(s.phi, j)) / (1 - static_cast<double>(s.phi)); };
  const double slope = static_cast<double>(s.phi) * s.w + static_cast<double>(s.theta) * s.e;
  ArimaForecast forecast{s.z + slope * geometric(horizon), 0};
  for (int j = 0; j < horizon; ++j) {
    const double response = j == 0 ? 1 : 1 + (static_cast<double>(s.phi) + s.theta) * geometric(j);
    forecast.variance += s.s2 * response * response;
  }
  return forecast;
}

TEST(Arima, WithoutDampingTheForecastIsTheTextbooks) {
  ArimaState state = learn(kBare, simulate(0.6, -0.4, 300, 6).values);
  state.variance = 1e9;  // so that the bound does not bind
  for (const int horizon : {1, 2, 3, 7, 30}) {
    const ArimaForecast expected = closed_form(state, horizon);
    const ArimaForecast found = arima_forecast(state, kBare, horizon);
    EXPECT_NEAR(found.mean, expected.mean, 1e-9) << horizon;
    EXPECT_NEAR(found.variance / expected.variance, 1, 1e-9) << horizon;
  }
}

TEST(Arima, FarForecastsReturnToTheLongRunMean) {
  ArimaPrior prior = kBare;
  prior.rho = 0.97F;
  prior.mean = 0.4F;
  const ArimaState state = learn(prior, Values(50, 1.0));
  const double long_run = (50 * 1 + 10 * 0.4) / 60.0;
  EXPECT_NEAR(arima_forecast(state, prior, 1).mean, long_run + 0.97 * (1 - long_run), 1e-4);
  EXPECT_NEAR(arima_forecast(state, prior, 30).mean, long_run + std::pow(0.97, 30) * (1 - long_run), 1e-4);
  EXPECT_NEAR(arima_forecast(state, prior, 2000).mean, long_run, 1e-4);
}

// How far the forecast is from the prior's mean, as a part of the way to the values' mean.
double way_from_prior(const Values& values) {
  ArimaPrior prior = kBare;
  prior.phi = 0;
  prior.theta = -0.9F;
  prior.mean = 0.2F;
  double mean = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  return (arima_forecast(learn(prior, values), prior, 1).mean - prior.mean) / (mean - prior.mean);
}

TEST(Arima, OneLargeValueIsNotBelievedSeveralAlikeAre) {
  const double once = way_from_prior({8});
  EXPECT_NEAR(once, 0.25, 1e-6);  // as in a prior that weighs three observations
  EXPECT_NEAR(way_from_prior({1}), once, 1e-6);
  EXPECT_GT(way_from_prior({8, 8, 8, 8}), 0.85);
  EXPECT_LT(way_from_prior({1, 1, 1, 1}), 0.75);
}

TEST(Arima, TheVarianceGrowsWithTheHorizonUpToThatOfTheSeries) {
  ArimaPrior prior = kBare;
  prior.rho = 0.99F;
  const ArimaState state = learn(prior, simulate(0.2, -0.3, 400, 7).values);
  const double bound = (400.0 * state.variance + 5.0 * prior.s2) / 405;
  double before = 0;
  for (int horizon = 1; horizon <= 300; ++horizon) {
    const double variance = arima_forecast(state, prior, horizon).variance;
    ASSERT_GE(variance, before) << horizon;
    ASSERT_LE(variance, bound) << horizon;
    before = variance;
  }
  EXPECT_GT(before, 2 * arima_forecast(state, prior, 1).variance);
}

TEST(Arima, VolumeIsTheMeanOfTheSumOfSquares) {
  const ArimaPrior prior;
  Values roots;
  std::mt19937_64 random(8);
  std::poisson_distribution<int> counts(6);
  for (int i = 0; i < 400; ++i) roots.push_back(std::sqrt(counts(random)));
  const ArimaState state = learn(prior, roots);
  double sum = 0;
  for (int h = 1; h <= 14; ++h) {
    const ArimaForecast forecast = arima_forecast(state, prior, h);
    sum += forecast.mean * forecast.mean + forecast.variance;
  }
  EXPECT_NEAR(arima_volume(state, prior, 14), sum, 1e-9);
  EXPECT_NEAR(arima_volume(state, prior, 14), 14 * 6, 0.25 * 14 * 6);
  EXPECT_EQ(arima_volume(state, prior, 0), 0);
}

TEST(Arima, OneSkippedStepIsOneLearnedZero) {
  const ArimaPrior prior;
  ArimaState learned = learn(prior, simulate(0.3, -0.6, 60, 9).values);
  ArimaState skipped = learned;
  arima_learn(learned, prior, 0);
  arima_skip(skipped, prior, 1);
  EXPECT_EQ(skipped.phi, learned.phi);
  EXPECT_EQ(skipped.e, learned.e);
  EXPECT_EQ(skipped.s2, learned.s2);
  EXPECT_EQ(skipped.mean, learned.mean);
  EXPECT_EQ(skipped.n, learned.n);
  arima_skip(skipped, prior, 0);
  EXPECT_EQ(skipped.n, learned.n);
}

TEST(Arima, SkippedStepsLeaveWhatLearnedZerosWouldLeave) {
  ArimaPrior prior;
  prior.p0 = 1e-12F;  // (phi, theta) do not move
  for (const std::size_t before : {1U, 5U, 40U, 95U, 300U}) {
    for (const std::uint32_t steps : {2U, 3U, 7U, 30U, 200U}) {
      Values roots;
      std::mt19937_64 random(10);
      std::poisson_distribution<int> counts(2);
      for (std::size_t i = 0; i < before; ++i) roots.push_back(std::sqrt(counts(random)));
      ArimaState learned = learn(prior, roots);
      ArimaState skipped = learned;
      arima_skip(skipped, prior, steps);
      for (std::uint32_t i = 0; i < steps; ++i) arima_learn(learned, prior, 0);
      EXPECT_EQ(skipped.z, 0);
      EXPECT_EQ(skipped.w, 0);
      EXPECT_EQ(skipped.n, learned.n);
      EXPECT_EQ(skipped.theta, learned.theta);
      EXPECT_NEAR(skipped.e, learned.e, 2e-4) << before << " then " << steps;
      EXPECT_NEAR(skipped.mean, learned.mean, 1e-5);
      EXPECT_NEAR(skipped.variance, learned.variance, 1e-5);
      EXPECT_NEAR(arima_forecast(skipped, prior, 7).mean, arima_forecast(learned, prior, 7).mean, 1e-3);
    }
  }
}

TEST(Arima, AShakeLetsBothParametersMoveAndTheVarianceForget) {
  const ArimaState steady = learn(kBare, simulate(0.6, 0.3, 400, 14).values);
  ArimaState shaken = steady;
  arima_shake(shaken);
  EXPECT_NEAR(shaken.p11, steady.p11 + 0.1, 1e-6);
  EXPECT_NEAR(shaken.p22, steady.p22 + 0.1, 1e-6);
  EXPECT_EQ(shaken.n, 10U);
  EXPECT_EQ(shaken.theta, steady.theta);
}

TEST(Arima, AfterAShakeANewRegimeIsLearnedSooner) {
  double shaken_error = 0, steady_error = 0;
  for (unsigned seed = 100; seed < 150; ++seed) {
    ArimaState steady = learn(kBare, simulate(0.6, 0.3, 400, seed).values);
    ArimaState shaken = steady;
    arima_shake(shaken);
    const double level = steady.z;
    for (const double value : simulate(-0.4, -0.5, 60, seed + 1000).values) {
      const auto next = static_cast<float>(level + value);
      shaken_error += std::pow(arima_learn(shaken, kBare, next), 2);
      steady_error += std::pow(arima_learn(steady, kBare, next), 2);
    }
  }
  EXPECT_LT(shaken_error, 0.97 * steady_error);
}

TEST(Arima, AMillionZerosChangeNothing) {
  const ArimaPrior prior;
  ArimaState state = learn(prior, {0, 1, 0, 2, 1, 0, 0, 3, 0, 1, 1, 0, 2});
  for (int i = 0; i < 1000; ++i) arima_learn(state, prior, 0);
  const ArimaState early = state;
  for (int i = 0; i < 1'000'000; ++i) arima_learn(state, prior, 0);
  expect_sound(state, "zeros");
  EXPECT_EQ(state.p11, early.p11);
  EXPECT_EQ(state.p22, early.p22);
  EXPECT_EQ(state.theta, early.theta);
  EXPECT_EQ(state.s2, early.s2);
  EXPECT_GT(state.s2, 0.01F);  // what came before is not forgotten either
  EXPECT_LT(arima_volume(state, prior, 30), 0.1);
}

TEST(Arima, AMillionEqualValuesAreForecastAsTheyAre) {
  ArimaState state = arima_start(kBare);
  for (int i = 0; i < 1'000'000; ++i) arima_learn(state, kBare, 7.5F);
  expect_sound(state, "constants");
  EXPECT_NEAR(arima_forecast(state, kBare, 30).mean, 7.5, 1e-3);
}

TEST(Arima, JumpsOfABillionStayWithinBounds) {
  for (const ArimaPrior& prior : {ArimaPrior{}, kBare}) {
    ArimaState state = arima_start(prior);
    for (int i = 0; i < 100'000; ++i) {
      const bool jump = i % 1000 == 999;
      arima_learn(state, prior, jump ? (i % 2000 == 999 ? 1e9F : -1e9F) : static_cast<float>(i % 7));
      if (i % 1000 < 3 || jump) expect_sound(state, "value " + std::to_string(i));
      const double volume = arima_volume(state, prior, 30);
      ASSERT_TRUE(std::isfinite(volume) && volume >= 0) << i;
    }
  }
}

TEST(Arima, AlternationIsSoundAtEveryScale) {
  for (const float size : {1e-6F, 1.0F, 1e3F, 1e9F}) {
    ArimaState state = arima_start(kBare);
    for (int i = 0; i < 100'000; ++i) {
      arima_learn(state, kBare, i % 2 == 0 ? size : -size);
      if (i % 997 == 0) expect_sound(state, "alternation of " + std::to_string(size));
    }
    expect_sound(state, "alternation of " + std::to_string(size));
  }
}

TEST(Arima, WhatIsNotANumberCountsAsZero) {
  const ArimaPrior prior;
  ArimaState with_zero = learn(prior, {1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2, 1});
  for (const float odd : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    ArimaState with_odd = with_zero;
    EXPECT_EQ(arima_learn(with_odd, prior, odd), arima_learn(with_zero, prior, 0));
    EXPECT_EQ(with_odd.s2, with_zero.s2);
    EXPECT_EQ(with_odd.theta, with_zero.theta);
    expect_sound(with_odd, "not a number");
  }
}

TEST(Arima, SkippingForeverIsSound) {
  const ArimaPrior prior;
  ArimaState state = learn(prior, {5, 4, 5, 6, 5});
  arima_skip(state, prior, UINT32_MAX);
  arima_skip(state, prior, UINT32_MAX);
  EXPECT_EQ(state.n, UINT32_MAX);
  arima_learn(state, prior, 3);
  expect_sound(state, "two skips of four billion");
  EXPECT_EQ(state.n, UINT32_MAX);
}

}  // namespace
}  // namespace driftcast
