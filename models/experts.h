// The cheap experts on a user's volume: three EWMA levels, a weekly profile, TSB. O(1) per step.
//
// A step's count y is 0, 1, 2, ...; an expert's forecast is the mean of the sum of the next `horizon` counts.
// EWMA: level += a (y - level), where a = 1/n until that falls below the level's own weight, so that the first steps
// give a plain mean. TSB: R. Teunter, A. Syntetos, M. Babai, "Intermittent demand: linking forecasting to inventory
// obsolescence", EJOR 214 (2011): probability of a non-zero step times the size of one, each an EWMA.
// Weekly profile: means per place in the week, as indices around 1, shrunk to flat by w = m / (m + 60), with m the
// smaller of the steps and the events it rests on. The level under the profile is (EWMA of y) / (EWMA of the index).
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "core/expert.h"

namespace driftcast {

inline constexpr int kSeasonLength = 7;

// 64 bytes, plain.
struct ExpertState {
  float fast = 0, slow = 0, rate = 0;         // levels with weights 0.3, 0.1, 0.02; events per step
  std::array<float, kSeasonLength> season{};  // mean events of a step in each place of the week
  float season_exposure = 1;                  // EWMA (0.1) of the profile's index
  float tsb_size = 0, tsb_probability = 0;    // events in a step that has any; chance of such a step
  std::uint32_t tsb_sizes = 0;                // steps with events, so far
  std::uint32_t n = 0;                        // steps learned
};

inline ExpertState experts_start() { return {}; }

// Learns the count of the next step, which lies at `season_place` (0..6) of the week. Counts that are not finite or
// not positive count as zero, counts above 1e9 as 1e9.
void experts_learn(ExpertState& state, float y, int season_place);

// Learns `steps` empty steps at once, in O(1). Equal to as many calls of experts_learn with zero, but for the weekly
// profile, whose places all fade alike, and its exposure, which returns to 1.
void experts_skip(ExpertState& state, std::uint32_t steps);

// Mean of the sum of the next `horizon` (>= 0) counts, the first of which lies at `next_season_place`. `segment_mean`:
// events per step of the users with a like rate. Arima and network speak elsewhere: asked for them, it answers 0.
double experts_volume(const ExpertState& state, Expert expert, int horizon, int next_season_place, double segment_mean);

// Sine and cosine of a place (0..6) in the week, as of an angle.
std::pair<float, float> place_in_season(int season_place);

}  // namespace driftcast
