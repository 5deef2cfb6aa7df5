#include "pipeline/explain/explain_timeline.h"

#include <algorithm>

namespace driftcast {
namespace {

constexpr Step kHistoryOfHorizons = 3;
constexpr Step kShortestHistory = 60;  // steps, when the horizons are short

}  // namespace

int Timeline::column_of(Step step) const {
  const Step back = now - 1 - step;
  return seam() - 1 - static_cast<int>(std::min<Step>(back / per_column, history));
}

Timeline timeline_of(const Activity& activity, int longest_horizon, int left, int notes, int columns) {
  Timeline timeline;
  timeline.now = activity.end();
  timeline.left = left;
  const auto columns_for = [&](Step steps) {
    return static_cast<int>((steps + timeline.per_column - 1) / timeline.per_column);
  };
  const auto room = [&] { return columns - left - 1 - std::max(columns_for(longest_horizon), notes); };
  const Step known = std::max<Step>(1, std::ssize(activity.events));
  const Step wanted = std::min(known, std::max(kHistoryOfHorizons * longest_horizon, kShortestHistory));
  while (columns_for(wanted) > room()) ++timeline.per_column;
  timeline.history = std::min(room(), columns_for(known));
  timeline.ahead = columns_for(longest_horizon);
  return timeline;
}

}  // namespace driftcast
