// Early evidence: a user who leaves their ways is followed by the expert that follows, before any outcome is known.
#include "models/early_evidence.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace driftcast {
namespace {

VolumeForecasts said(double arima, double network) {
  VolumeForecasts volume;
  volume.set(Expert::kArima, arima);
  volume.set(Expert::kNetwork, network);
  return volume;
}

JointForecast weighed(double arima_weight, double network_weight, const VolumeForecasts& volume) {
  JointForecast forecast;
  const auto set = [&](Expert expert, double weight) {
    const auto k = static_cast<std::size_t>(expert);
    forecast.weights[k] = static_cast<float>(weight);
    forecast.mean += weight * static_cast<double>(volume.mean[k]);
  };
  set(Expert::kArima, arima_weight);
  set(Expert::kNetwork, network_weight);
  forecast.joint = forecast.mean;
  return forecast;
}

float arima_of(const JointForecast& forecast) { return forecast.weights[static_cast<std::size_t>(Expert::kArima)]; }
float network_of(const JointForecast& forecast) { return forecast.weights[static_cast<std::size_t>(Expert::kNetwork)]; }

// Log of the negative binomial probability, as the textbook has it.
double log_probability(double count, double mean, double dispersion) {
  const double size = 1 / dispersion;
  return std::lgamma(count + size) - std::lgamma(size) - std::lgamma(count + 1) +
         size * std::log(size / (size + mean)) + count * std::log(mean / (size + mean));
}

RC_GTEST_PROP(EarlyEvidence, IsTheLogLikelihoodRatioOfTheTextbook, ()) {
  const double arima = *rc::gen::inRange(1, 500), network = *rc::gen::inRange(1, 500);
  const double part = *rc::gen::inRange(1, 7) / 7.0, count = *rc::gen::inRange(0, 300);
  const double ratio = log_probability(count, part * arima, 0.1) - log_probability(count, part * network, 0.1);
  RC_ASSERT(std::abs(early_evidence(said(arima, network), part, count) - ratio) < 1e-7 * (1 + std::abs(ratio)));
}

TEST(EarlyEvidence, AnExpertThatHasNotSpokenIsNeitherRightNorWrong) {
  VolumeForecasts alone;
  alone.set(Expert::kArima, 100);
  EXPECT_EQ(early_evidence(alone, 0.5, 3), 0);
  EXPECT_EQ(early_evidence({}, 0.5, 3), 0);
}

TEST(EarlyEvidence, AForecastOfNothingSurvivesASingleEvent) {
  const double evidence = early_evidence(said(7, 0), 1.0 / 7, 1);
  EXPECT_GT(evidence, 0);
  EXPECT_LT(evidence, 5);
}

TEST(EarlyEvidence, ABurstThatOnlyArimaSawComingMovesTheForecastToArima) {
  const VolumeForecasts volume = said(300, 90);
  JointForecast forecast = weighed(0.01, 0.95, volume);
  double evidence = 0;
  for (int days = 1; days <= 3; ++days) evidence += early_evidence(volume, days / 7.0, 50.0 * days);
  follow_evidence(forecast, volume, evidence);
  EXPECT_NEAR(arima_of(forecast), 0.6 * 0.96, 1e-6);
  EXPECT_GT(forecast.mean, 200);
  EXPECT_NEAR(arima_of(forecast) + network_of(forecast), 0.96, 1e-6);
}

TEST(EarlyEvidence, ABurstThatIsOverMovesTheForecastToTheNetworkAllTheWay) {
  const VolumeForecasts volume = said(300, 10);
  JointForecast forecast = weighed(0.9, 0.1, volume);
  double evidence = 0;
  for (int days = 1; days <= 3; ++days) evidence += early_evidence(volume, days / 7.0, days);
  follow_evidence(forecast, volume, evidence);
  EXPECT_LT(arima_of(forecast), 0.01);
}

TEST(EarlyEvidence, AnArimaThatIsTrustedMoreAlreadyLosesNothingByGoodEvidence) {
  const VolumeForecasts volume = said(300, 90);
  JointForecast forecast = weighed(0.8, 0.2, volume);
  follow_evidence(forecast, volume, 100);
  EXPECT_FLOAT_EQ(arima_of(forecast), 0.8F);
}

TEST(EarlyEvidence, WhatSteadyUsersHaveByChanceMovesNothing) {
  const VolumeForecasts volume = said(22, 20);
  JointForecast forecast = weighed(0.3, 0.7, volume);
  follow_evidence(forecast, volume, early_evidence(volume, 3 / 7.0, 12));
  EXPECT_EQ(arima_of(forecast), 0.3F);
  EXPECT_EQ(network_of(forecast), 0.7F);
  EXPECT_EQ(forecast.mean, forecast.joint);
}

RC_GTEST_PROP(EarlyEvidence, TheMeanStaysWhatTheWeightsSay, ()) {
  const VolumeForecasts volume = said(*rc::gen::inRange(0, 1000), *rc::gen::inRange(0, 1000));
  const double arima = *rc::gen::inRange(0, 10) / 10.0, network = *rc::gen::inRange(0, 10) / 10.0;
  JointForecast forecast = weighed(arima, network, volume);
  follow_evidence(forecast, volume, *rc::gen::inRange(-1000, 1000) / 3.0);
  const JointForecast again = weighed(arima_of(forecast), network_of(forecast), volume);
  RC_ASSERT(std::abs(forecast.mean - again.mean) <= 1e-3);
  RC_ASSERT(std::abs(arima_of(forecast) + network_of(forecast) - arima - network) < 1e-6);
  RC_ASSERT(arima_of(forecast) >= 0 && network_of(forecast) >= 0);
}

}  // namespace
}  // namespace driftcast
