// Explain's shares: how the shares of a user's main interests moved, and how likely a purchase and churn were, as the
// forecasts told at the time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipeline/explain/explain_timeline.h"
#include "pipeline/explain/trajectory.h"

namespace driftcast {

struct ShareHistory {
  std::string category;
  std::vector<std::optional<float>> shares;  // per column of the history; absent before the first forecast
  float now = 0, trend = 0;                  // as the last forecast says; 0 when it does not name the category
};

// The categories that have had the largest shares since `begin`, on average or in the end, at most `most` of them; the
// largest one now comes first.
std::vector<std::string> main_interests(const std::vector<Forecast>& forecasts, EventTime begin, std::size_t most);

// A forecast that does not name a category counts as a share of 0.
ShareHistory share_history(const Trajectory& trajectory, const StepGrid& grid, const Timeline& timeline,
                           const std::string& category);

// What the forecasts told of their first horizon, per column of the history: HorizonForecast's purchase or churn.
std::vector<std::optional<float>> probability_history(const Trajectory& trajectory, const StepGrid& grid,
                                                      const Timeline& timeline,
                                                      std::optional<double> HorizonForecast::*which);

}  // namespace driftcast
