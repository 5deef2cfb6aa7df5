#include "models/experts.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "models/half.h"

namespace driftcast {
namespace {

// An EWMA that starts as a plain mean: of the first `head` observations, where 1/n is above the weight.
struct Smoothing {
  double weight;
  std::uint32_t head;
};
constexpr Smoothing kFast{0.3, 3}, kSlow{0.1, 10}, kRate{0.02, 50}, kSeason{0.05, 20}, kTsb{0.1, 10};

constexpr double kMaxCount = 1e9;
constexpr double kFlatness = 60;            // observations that the flat profile weighs
constexpr std::uint32_t kProfileFrom = 14;  // steps before a profile is believed at all

void learn(float& level, Smoothing smoothing, std::uint32_t n, double y) {
  const double weight = n < smoothing.head ? 1.0 / (n + 1.0) : smoothing.weight;
  level = static_cast<float>(level + weight * (y - level));
}

// What a level is multiplied by when `steps` zeros follow `n` observations. Steps may be a fraction.
double fade(Smoothing smoothing, double n, double steps) {
  const double head = std::clamp(smoothing.head - n, 0.0, steps);
  const double early = n > 0 ? n / (n + head) : 0.0;
  return (head > 0 ? early : 1.0) * std::pow(1 - smoothing.weight, steps - head);
}

void scale(float& level, double factor) { level = static_cast<float>(level * factor); }

double profile_mean(const ExpertState& state) {
  return std::accumulate(state.season.begin(), state.season.end(), 0.0) / kSeasonLength;
}

// Index of a place of the week: 1 where it is as busy as the mean. Indices average 1 over a week.
double season_index(const ExpertState& state, int place, double mean) {
  if (state.n < kProfileFrom || !(mean > 0)) return 1;
  const double steps = std::min<double>(state.n, kSeason.head * kSeasonLength);
  const double evidence = steps * std::min(1.0, mean);
  const double shrink = evidence / (evidence + kFlatness);
  return 1 + shrink * (state.season[static_cast<std::size_t>(place)] / mean - 1);
}

double seasonal_volume(const ExpertState& state, int horizon, int next_place) {
  const double mean = profile_mean(state);
  const int whole_weeks = horizon / kSeasonLength;
  double exposure = whole_weeks * kSeasonLength;  // each averages 1
  for (int i = 0; i < horizon % kSeasonLength; ++i) {
    exposure += season_index(state, (next_place + i) % kSeasonLength, mean);
  }
  return state.slow / std::max(0.2, static_cast<double>(state.season_exposure)) * exposure;
}

int place_in_week(int place) { return ((place % kSeasonLength) + kSeasonLength) % kSeasonLength; }

}  // namespace

void experts_learn(ExpertState& state, float y, int season_place) {
  const double count = y > 0 ? std::min<double>(y, kMaxCount) : 0;  // a NaN is not above zero
  const int place = place_in_week(season_place);
  learn(state.season_exposure, kSlow, state.n, season_index(state, place, profile_mean(state)));
  float& season = state.season[static_cast<std::size_t>(place)];
  learn(season, kSeason, state.n / kSeasonLength, count);
  season = rounded16(season);
  learn(state.fast, kFast, state.n, count);
  learn(state.slow, kSlow, state.n, count);
  learn(state.rate, kRate, state.n, count);
  learn(state.tsb_probability, kTsb, state.n, count > 0 ? 1 : 0);
  if (count > 0) learn(state.tsb_size, kTsb, state.tsb_sizes++, count);
  if (state.n < UINT32_MAX) ++state.n;
}

void experts_skip(ExpertState& state, std::uint32_t steps) {
  if (steps == 0) return;
  const double n = state.n;
  const double weeks = static_cast<double>(steps) / kSeasonLength;
  for (float& place : state.season) scale(place, fade(kSeason, n / kSeasonLength, weeks));
  state.season_exposure = static_cast<float>(1 + (state.season_exposure - 1) * fade(kSlow, n, steps));
  scale(state.fast, fade(kFast, n, steps));
  scale(state.slow, fade(kSlow, n, steps));
  scale(state.rate, fade(kRate, n, steps));
  scale(state.tsb_probability, fade(kTsb, n, steps));
  state.n = steps > UINT32_MAX - state.n ? UINT32_MAX : state.n + steps;
}

double experts_volume(const ExpertState& state, Expert expert, int horizon, int next_season_place,
                      double segment_mean) {
  switch (expert) {
    case Expert::kEwmaSlow: return static_cast<double>(state.slow) * horizon;
    case Expert::kEwmaFast: return static_cast<double>(state.fast) * horizon;
    case Expert::kSeasonal: return seasonal_volume(state, horizon, place_in_week(next_season_place));
    case Expert::kTsb: return static_cast<double>(state.tsb_probability) * state.tsb_size * horizon;
    case Expert::kSegment: return segment_mean * horizon;
    case Expert::kArima:
    case Expert::kNetwork: return 0;
  }
  return 0;
}

std::pair<float, float> place_in_season(int season_place) {
  static const auto places = [] {
    std::array<std::pair<float, float>, kSeasonLength> made;
    for (std::size_t i = 0; i < made.size(); ++i) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(i) / kSeasonLength;
      made[i] = {static_cast<float>(std::sin(angle)), static_cast<float>(std::cos(angle))};
    }
    return made;
  }();
  return places[static_cast<std::size_t>(season_place)];
}

}  // namespace driftcast
