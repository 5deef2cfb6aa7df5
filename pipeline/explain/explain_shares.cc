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
  std::optional<float> share;
  auto forecast = trajectory.forecasts.begin();
  for (int column = timeline.left; column < timeline.seam(); ++column) {
    const EventTime end = grid.start(timeline.step_at(column + 1));
    for (; forecast != trajectory.forecasts.end() && forecast->as_of <= end; ++forecast) {
      const InterestForecast* interest = find(*forecast, category);
      share = interest == nullptr ? 0 : interest->share;
    }
    history.shares.push_back(share);
  }
  if (trajectory.forecasts.empty()) return history;
  if (const InterestForecast* interest = find(trajectory.forecasts.back(), category)) {
    history.now = interest->share;
    history.trend = interest->trend;
  }
  return history;
}

}  // namespace driftcast
