// Sessionize: events become sessions by an inactivity gap.
//
// An event belongs to a session when it lies within `gap` of it, both ends inclusive; an event that lies within the gap
// of several joins them into one, as long as the result is no longer than `max`. When it would be longer, the oldest
// sessions that fit are joined, and where none fits a new session begins. Without the limit the sessions are exactly
// the merged intervals [t, t + gap] of the accepted events, in any order of arrival.
// After: session windows with inactivity gap (Kafka Streams' SessionWindows), plus the maximum length.
#pragma once

#include <vector>

#include "operators/options.h"
#include "operators/user_state.h"

namespace driftcast {

// The open session an event at `at` belongs to, made or merged as needed. The reference lives until the next call.
// Cost: O(open sessions of the user); there is nearly always at most one.
OpenSession& join_session(std::vector<OpenSession>& sessions, EventTime at, const SessionOptions& options);

// When a session can no longer grow: the watermark has passed its end by more than the gap.
inline EventTime session_due(const OpenSession& session, const SessionOptions& options) {
  return session.end + options.gap + Duration{1};
}

}  // namespace driftcast
