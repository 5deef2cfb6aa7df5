// Forecast: what a user will want over the coming steps, made at the end of a closed step.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/drift_signal.h"
#include "core/expert.h"
#include "core/time.h"

namespace driftcast {

enum class Basis : std::uint8_t { kCold, kWarm, kFull };  // no matured label yet; fewer than 30; 30 or more

constexpr const char* name(Basis basis) {
  return basis == Basis::kCold ? "cold" : basis == Basis::kWarm ? "warm" : "full";
}

// What is expected of the next `steps` steps: the sum of their event counts and, where a network has learned from
// purchases and knows this horizon, two probabilities.
struct HorizonForecast {
  int steps = 0;
  double mean = 0;
  double lo = 0, hi = 0;    // interval of nominal coverage `Forecast::level`, both ends included
  double variance = 0;      // of the predictive distribution
  ExpertForecasts parts{};  // each expert's own mean, and its effective weight in the joint mean
  ExpertForecasts weights{};
  std::uint8_t available = 0;
  std::optional<double> purchase{};  // of at least one purchase; over longer horizons never less
  std::optional<double> churn{};     // of no event of any kind; over longer horizons never more
};

struct InterestForecast {
  std::string category;
  float share = 0;
  float trend = 0;
  double expected = 0, lo = 0, hi = 0;  // events over the first horizon
};

struct Forecast {
  Step step = 0;  // the closed step
  EventTime as_of, valid_until;
  std::int64_t events = 0, steps = 0;
  EventTime first_seen;
  Basis basis = Basis::kCold;
  double level = 0.9;
  std::vector<HorizonForecast> horizons;
  std::vector<InterestForecast> interests;
  float other = 0;
  DriftStatus drift;
  bool capped = false, dormant = false, returned = false;
};

}  // namespace driftcast
