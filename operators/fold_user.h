// Fold: the business on one page. Events of one user become sessions, closed steps and drift signals.
//
// Pure: everything depends on the user's state, the event and the partition's crowd, nothing on clocks, stores or
// threads. The caller (pipeline) keeps the watermark, asks when a user is due, and drains due users in (time, user)
// order before the record that moved the watermark is folded.
#pragma once

#include <string_view>
#include <vector>

#include "core/drift_signal.h"
#include "core/event.h"
#include "core/session.h"
#include "core/step_closed.h"
#include "models/model_set.h"
#include "operators/options.h"
#include "operators/population.h"
#include "operators/user_state.h"

namespace driftcast {

struct FoldContext {
  const OperatorOptions& options;
  const ModelSet& models;
  Population& population;
};

// What folding one event or draining one user brought forth. The caller empties it.
struct FoldOutputs {
  std::vector<Session> sessions;     // just closed
  std::vector<StepClosed> steps;     // just closed; `position` is the caller's to fill
  std::vector<DriftSignal> signals;  // just raised

  void clear() {
    sessions.clear();
    steps.clear();
    signals.clear();
  }
};

// True when the user has accepted an event with this id (not 0) whose time is not before the watermark.
bool is_duplicate(const UserState& user, std::uint64_t event_id, EventTime watermark);

// Folds an accepted event: event.at >= watermark, no duplicate, nothing of this user due at or before the watermark.
void fold_event(UserState& user, const Event& event, EventTime watermark, FoldContext& context, FoldOutputs& out);

// When something of this user falls due next: a session ends or a step closes. kEndOfTime: never, without an event.
EventTime next_due(const UserState& user, const OperatorOptions& options);

// Closes the sessions and the step that fall due exactly at `due` = next_due(user).
void fold_due(UserState& user, std::string_view name, EventTime due, FoldContext& context, FoldOutputs& out);

}  // namespace driftcast
