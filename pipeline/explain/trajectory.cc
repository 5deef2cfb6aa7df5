#include "pipeline/explain/trajectory.h"

#include <algorithm>

namespace driftcast {
namespace {

constexpr Duration kNarrowestStep = std::chrono::minutes{1};

void add(Activity& activity, Step step, double events) {
  const Step place = std::clamp<Step>(step - activity.first, 0, static_cast<Step>(activity.events.size()) - 1);
  activity.events[static_cast<std::size_t>(place)] += events;
}

EventTime first_seen(const Trajectory& trajectory) {
  EventTime first = kEndOfTime;
  for (const Session& session : trajectory.sessions) first = std::min(first, session.start);
  return trajectory.forecasts.empty() ? first : std::min(first, trajectory.forecasts.back().first_seen);
}

EventTime last_seen(const Trajectory& trajectory) {
  if (!trajectory.forecasts.empty()) return trajectory.forecasts.back().as_of - Duration{1};
  EventTime last = kBeginningOfTime;
  for (const Session& session : trajectory.sessions) last = std::max(last, session.start);
  return last;
}

}  // namespace

StepGrid steps_of(const Trajectory& trajectory) {
  StepGrid grid;
  if (trajectory.forecasts.empty()) return grid;
  Duration width = Duration::max();
  for (const Forecast& forecast : trajectory.forecasts) {
    const Duration valid = forecast.valid_until - forecast.as_of;
    if (valid >= kNarrowestStep) width = std::min(width, valid);
  }
  if (width != Duration::max()) grid.width = width;
  grid.offset = trajectory.forecasts.front().as_of.time_since_epoch() % grid.width;
  return grid;
}

double Activity::sum(Step begin, Step stop) const {
  double sum = 0;
  for (Step step = std::max(begin, first); step < std::min(stop, end()); ++step) {
    sum += events[static_cast<std::size_t>(step - first)];
  }
  return sum;
}

Activity activity_of(const Trajectory& trajectory) {
  Activity activity{steps_of(trajectory), 0, {}};
  const EventTime first = first_seen(trajectory);
  if (first == kEndOfTime) return activity;
  activity.first = activity.grid.step_of(first);
  const Step last = std::max(activity.first, activity.grid.step_of(last_seen(trajectory)));
  activity.events.assign(static_cast<std::size_t>(last - activity.first + 1), 0);
  for (const Session& session : trajectory.sessions) {
    const Step step = activity.grid.step_of(session.start);
    if (step <= last) add(activity, step, static_cast<double>(session.events));
  }
  if (!trajectory.sessions.empty()) return activity;
  std::int64_t known = 0;
  for (const Forecast& forecast : trajectory.forecasts) {
    add(activity, activity.grid.step_of(forecast.as_of) - 1, static_cast<double>(forecast.events - known));
    known = forecast.events;
  }
  return activity;
}

std::vector<Drift> drifts_of(const Trajectory& trajectory) {
  std::vector<Drift> drifts;
  for (const DriftSignal& signal : trajectory.signals) {
    const auto same = std::find_if(drifts.rbegin(), drifts.rend(),
                                   [&](const Drift& drift) { return drift.signal.kind == signal.kind; });
    if (signal.stage == DriftStage::kConfirmed && same != drifts.rend() && !same->confirmed()) {
      *same = {signal, same->signal.at};
    } else {
      drifts.push_back({signal, std::nullopt});
    }
  }
  return drifts;
}

}  // namespace driftcast
