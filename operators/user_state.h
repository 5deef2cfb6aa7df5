// UserState: all that fold remembers of one user. Plain data; the verbs are in the other files of this folder.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/drift_signal.h"
#include "core/kind.h"
#include "core/prefetch.h"
#include "core/time.h"
#include "models/arima.h"
#include "models/drift_detector.h"
#include "models/experts.h"
#include "operators/interests.h"
#include "operators/seen_events.h"

namespace driftcast {

// A session that may still grow. Categories are slots of the user's interests; a slot that is evicted meanwhile gives
// its count to `other`.
struct OpenSession {
  EventTime start, end;
  std::int64_t events = 0;
  std::array<std::int64_t, kKinds> kinds{};
  double amount = 0;
  std::vector<std::pair<int, std::int64_t>> categories;  // slot, events; in order of first appearance
  std::int64_t other = 0;
};

// A step that may still get events.
struct OpenStep {
  Step step = 0;
  std::array<std::int64_t, kKinds> kinds{};
  std::int64_t sessions = 0;  // already closed sessions that start in this step
  float dwell_s = 0;
  float amount = 0;
  std::vector<std::uint32_t> categories;  // low halves of the hashes of distinct categories, at most kDistinctMax
};
inline constexpr std::size_t kDistinctMax = 255;

// The last five closed steps, newest first.
struct RecentSteps {
  std::array<float, 5> events{}, purchases{}, amount{};
};

// The detector of one kind of change and where its verdict stands.
struct DriftState {
  EDetector detector = e_detector_start();
  DriftStage stage = DriftStage::kNone;
  EventTime since;             // when the stage was reached
  std::uint32_t quiet = 0;     // observations since then
  std::uint32_t observed = 0;  // observations in all
};

struct UserState {
  static constexpr std::uint8_t kFormat = 2;

  EventTime first_seen;
  std::int64_t events = 0;
  Step first_step = 0;
  Step next_step = 0;                   // first step not closed yet
  std::uint32_t silence = 0;            // consecutive empty steps closed last
  std::int64_t signals = 0;             // drift signals raised so far
  bool known = false;                   // false until the first event
  bool reset = false;                   // a drift was confirmed since the last closed step
  EventTime queued = kBeginningOfTime;  // earliest entry in the due queue; derived, not stored

  std::vector<OpenSession> sessions;  // by start
  std::vector<OpenStep> steps;        // by step
  SeenEvents seen;

  Interests interests;
  RecentSteps recent;
  ExpertState experts = experts_start();
  ArimaState arima{};
  DriftState mix, volume;
  float spread = 0;  // running mean squared distance of a step's count from its slow level
};

inline std::size_t footprint(const UserState& user) {
  std::size_t bytes = footprint(user.interests) + user.sessions.capacity() * sizeof(OpenSession) +
                      user.steps.capacity() * sizeof(OpenStep) + user.seen.footprint();
  for (const OpenSession& session : user.sessions) bytes += session.categories.capacity() * 16;
  for (const OpenStep& step : user.steps) bytes += step.categories.capacity() * 4;
  return bytes;
}

// Brings near what a user's next event or step reads first.
inline void prefetch_parts(const UserState& user) {
  prefetch(user.sessions.data());
  prefetch(user.steps.data());
  prefetch(user.seen.data());
  prefetch_parts(user.interests);
}

template <class Archive>
void fields(Archive& archive, OpenSession& session) {
  archive(session.start, session.end, session.events, session.kinds, session.amount, session.categories, session.other);
}
template <class Archive>
void fields(Archive& archive, OpenStep& step) {
  archive(step.step, step.kinds, step.sessions, step.dwell_s, step.amount, step.categories);
}

}  // namespace driftcast
