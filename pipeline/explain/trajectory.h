// Trajectory: what was published about one user, and what follows from it: the steps, the activity in each, the drifts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/drift_signal.h"
#include "core/forecast.h"
#include "core/session.h"
#include "core/time.h"

namespace driftcast {

struct Trajectory {
  std::string user;
  std::vector<Forecast> forecasts;   // as published, oldest first; without `step` and `variance`, which are not
  std::vector<DriftSignal> signals;  // likewise
  std::vector<Session> sessions;     // may be absent: publishing them is an option
};

// The grid of the steps, as the forecasts tell it: one made after a step with events is valid for one step. A day each
// when there are none.
StepGrid steps_of(const Trajectory& trajectory);

// Events per step from the user's first one on. Sessions count to the step in which they start; without sessions it is
// told by what the forecasts say of the history.
struct Activity {
  StepGrid grid;
  Step first = 0;              // of `events`
  std::vector<double> events;  // up to the step of the last forecast, or of the last session when there is none

  Step end() const { return first + static_cast<Step>(events.size()); }
  double sum(Step begin, Step stop) const;  // of the steps in [begin, stop) that are known
};
Activity activity_of(const Trajectory& trajectory);

// An alarm together with the signal that confirmed it.
struct Drift {
  DriftSignal signal;              // the newest of the two
  std::optional<EventTime> alarm;  // of a confirmed drift: when it was first suspected
  bool confirmed() const { return signal.stage == DriftStage::kConfirmed; }
};
std::vector<Drift> drifts_of(const Trajectory& trajectory);

}  // namespace driftcast
