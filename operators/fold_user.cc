#include "operators/fold_user.h"

#include <algorithm>

#include "operators/accumulate.h"
#include "operators/close_step.h"
#include "operators/detect.h"
#include "operators/sessionize.h"

namespace driftcast {
namespace {

void introduce(UserState& user, const Event& event, Step step) {
  user.known = true;
  user.first_seen = event.at;
  user.first_step = user.next_step = step;
}

// An evicted category's events stay in the open sessions' sums, but lose their name.
void release_slot(std::vector<OpenSession>& sessions, int slot) {
  for (OpenSession& session : sessions) {
    const auto place = std::find_if(session.categories.begin(), session.categories.end(),
                                    [slot](const auto& entry) { return entry.first == slot; });
    if (place == session.categories.end()) continue;
    session.other += place->second;
    session.categories.erase(place);
  }
}

// Counts the event in its session; true when it is the first of its category there.
bool count_in_session(OpenSession& session, const Event& event, int slot) {
  ++session.events;
  ++session.kinds[static_cast<std::size_t>(event.kind)];
  session.amount += event.amount;
  const auto place = std::find_if(session.categories.begin(), session.categories.end(),
                                  [slot](const auto& entry) { return entry.first == slot; });
  if (place != session.categories.end()) {
    ++place->second;
    return false;
  }
  session.categories.emplace_back(slot, 1);
  return true;
}

Session close_session(UserState& user, const OpenSession& open) {
  Session session{open.start, open.end, open.events, open.kinds, open.amount, {}};
  for (const auto& [slot, events] : open.categories) {
    session.categories.emplace_back(user.interests.slots[static_cast<std::size_t>(slot)].category, events);
  }
  std::sort(session.categories.begin(), session.categories.end());
  if (open.other > 0) session.categories.emplace_back(kOtherCategory, open.other);
  return session;
}

void close_due_sessions(UserState& user, EventTime due, const OperatorOptions& options, FoldOutputs& out) {
  std::erase_if(user.sessions, [&](const OpenSession& open) {
    if (session_due(open, options.session) > due) return false;
    out.sessions.push_back(close_session(user, open));
    const Step step = options.time.step.step_of(open.start);
    for (OpenStep& candidate : user.steps) candidate.sessions += candidate.step == step ? 1 : 0;
    return true;
  });
}

// End of the step that closes next; kEndOfTime for a dormant user without events in an open step.
EventTime step_due(const UserState& user, const OperatorOptions& options) {
  if (!user.known || !options.models) return kEndOfTime;
  const TimeOptions& time = options.time;
  if (user.silence < static_cast<std::uint32_t>(time.dormant_after)) return time.step.end(user.next_step);
  return user.steps.empty() ? kEndOfTime : time.step.end(user.steps.front().step);
}

}  // namespace

bool is_duplicate(const UserState& user, std::uint64_t event_id, EventTime watermark) {
  return event_id != 0 && user.seen.contains(event_id, watermark);
}

void fold_event(UserState& user, const Event& event, EventTime watermark, FoldContext& context, FoldOutputs& out) {
  const OperatorOptions& options = context.options;
  const Step step = options.time.step.step_of(event.at);
  if (!user.known) introduce(user, event, step);
  // Before its first step has closed, an earlier event can still move a user's beginning back.
  if (user.next_step == user.first_step) user.first_step = user.next_step = std::min(user.next_step, step);
  user.first_seen = std::min(user.first_seen, event.at);
  ++user.events;
  if (event.event_id != 0) user.seen.add(event.at, event.event_id, watermark);
  if (options.models) accumulate(user.steps, event, step);

  int slot = find(user.interests, event.category_hash);
  const int known_slot = slot;
  if (slot == kNoSlot) {
    int evicted = kNoSlot;
    slot = claim(user.interests, event.category, event.category_hash, static_cast<std::size_t>(options.categories.max),
                 evicted);
    if (evicted != kNoSlot) release_slot(user.sessions, evicted);
  }
  const bool novel = count_in_session(join_session(user.sessions, event.at, options.session), event, slot);

  std::optional<DriftStage> reached;
  if (novel && options.models) {
    reached = detect_mix(user, event.user, event, known_slot, options.drift, context.population);
  }
  add(user.interests, slot, event.weight, novel);
  if (options.models) count_category(context.population, event.category, event.category_hash, step);
  if (reached) out.signals.push_back(raise(user, DriftKind::kMix, *reached, event.at, step));
}

EventTime next_due(const UserState& user, const OperatorOptions& options) {
  EventTime due = step_due(user, options);
  for (const OpenSession& session : user.sessions) due = std::min(due, session_due(session, options.session));
  return due;
}

void fold_due(UserState& user, std::string_view name, EventTime due, FoldContext& context, FoldOutputs& out) {
  close_due_sessions(user, due, context.options, out);
  if (step_due(user, context.options) <= due) close_step(user, name, context, out);
}

}  // namespace driftcast
