#include "pipeline/explain/explain_shares.h"

#include <algorithm>
#include <map>

namespace driftcast {
namespace {

constexpr double kWorthDrawing = 0.05;  // a share

struct Ranked {
  double weight = 0, now = 0;
  std::string category;
};

const InterestForecast* find(const Forecast& forecast, const std::string& category) {
  const auto found = std::find_if(forecast.interests.begin(), forecast.interests.end(),
                                  [&](const InterestForecast& interest) { return interest.category == category; });
  return found == forecast.interests.end() ? nullptr : &*found;
}

// What the newest forecast says at the end of each column of the history; `tell` gives an optional of a forecast.
template <class Tell>
std::vector<std::optional<float>> known_in_columns(const Trajectory& trajectory, const StepGrid& grid,
                                                   const Timeline& timeline, Tell tell) {
  std::vector<std::optional<float>> known;
  std::optional<float> now;
  auto forecast = trajectory.forecasts.begin();
  for (int column = timeline.left; column < timeline.seam(); ++column) {
    const EventTime end = grid.start(timeline.step_at(column + 1));
    for (; forecast != trajectory.forecasts.end() && forecast->as_of <= end; ++forecast) now = tell(*forecast);
    known.push_back(now);
  }
  return known;
}

}  // namespace

std::vector<std::string> main_interests(const std::vector<Forecast>& forecasts, EventTime begin, std::size_t most) {
  if (forecasts.empty()) return {};
  std::map<std::string, double> sums;  // of shares
  double count = 0;
  for (const Forecast& forecast : forecasts) {
    if (forecast.as_of <= begin && &forecast != &forecasts.back()) continue;
    for (const InterestForecast& interest : forecast.interests) sums[interest.category] += interest.share;
    ++count;
  }
  std::vector<Ranked> ranked;
  for (const auto& [category, sum] : sums) {
    const InterestForecast* interest = find(forecasts.back(), category);
    const double now = interest == nullptr ? 0 : interest->share;
    if (std::max(sum / count, now) >= kWorthDrawing) ranked.push_back({std::max(sum / count, now), now, category});
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& x, const Ranked& y) { return x.weight > y.weight; });
  ranked.resize(std::min(ranked.size(), most));
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& x, const Ranked& y) { return x.now > y.now; });
  std::vector<std::string> categories;
  for (const Ranked& each : ranked) categories.push_back(each.category);
  return categories;
}

ShareHistory share_history(const Trajectory& trajectory, const StepGrid& grid, const Timeline& timeline,
                           const std::string& category) {
  ShareHistory history;
  history.category = category;
  history.shares = known_in_columns(trajectory, grid, timeline, [&](const Forecast& forecast) {
    const InterestForecast* interest = find(forecast, category);
    return std::optional(interest == nullptr ? 0.0F : interest->share);
  });
  if (trajectory.forecasts.empty()) return history;
  if (const InterestForecast* interest = find(trajectory.forecasts.back(), category)) {
    history.now = interest->share;
    history.trend = interest->trend;
  }
  return history;
}

std::vector<std::optional<float>> probability_history(const Trajectory& trajectory, const StepGrid& grid,
                                                      const Timeline& timeline,
                                                      std::optional<double> HorizonForecast::*which) {
  return known_in_columns(trajectory, grid, timeline, [=](const Forecast& forecast) -> std::optional<float> {
    if (forecast.horizons.empty() || !(forecast.horizons.front().*which)) return std::nullopt;
    return static_cast<float>(*(forecast.horizons.front().*which));
  });
}

}  // namespace driftcast
