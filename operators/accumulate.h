// Accumulate: events become the counts of open steps; a closed step becomes a feature row.
#pragma once

#include <optional>
#include <vector>

#include "core/event.h"
#include "core/features.h"
#include "operators/user_state.h"

namespace driftcast {

// Counts an event in its step, which is opened when needed. Steps stay sorted.
void accumulate(std::vector<OpenStep>& steps, const Event& event, Step step);

// Removes and returns the open step with this number; an empty one when the user had no event in it.
OpenStep take_step(std::vector<OpenStep>& steps, Step step);

inline std::int64_t events_in(const OpenStep& step) {
  std::int64_t events = 0;
  for (const std::int64_t kind : step.kinds) events += kind;
  return events;
}

// Moves the window of recent steps on: `gap` empty steps, then this one.
void push_recent(RecentSteps& recent, const OpenStep& step, std::uint32_t gap);

// What of the row follows from the step's counts and the recent steps alone; the rest is zero.
FeatureRow count_features(const OpenStep& step, const RecentSteps& recent);

}  // namespace driftcast
