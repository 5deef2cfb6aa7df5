#include "operators/sessionize.h"

#include <algorithm>

namespace driftcast {
namespace {

bool touches(const OpenSession& session, EventTime at, Duration gap) {
  return session.start - gap <= at && at <= session.end + gap;
}

void absorb(OpenSession& into, OpenSession&& from) {
  into.start = std::min(into.start, from.start);
  into.end = std::max(into.end, from.end);
  into.events += from.events;
  for (std::size_t k = 0; k < kKinds; ++k) into.kinds[k] += from.kinds[k];
  into.amount += from.amount;
  into.other += from.other;
  for (const auto& [slot, events] : from.categories) {
    const auto same = std::find_if(into.categories.begin(), into.categories.end(),
                                   [slot = slot](const auto& entry) { return entry.first == slot; });
    if (same == into.categories.end()) {
      into.categories.emplace_back(slot, events);
    } else {
      same->second += events;
    }
  }
}

}  // namespace

OpenSession& join_session(std::vector<OpenSession>& sessions, EventTime at, const SessionOptions& options) {
  OpenSession joined{at, at, 0, {}, 0, {}, 0};
  std::size_t kept = 0;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const EventTime start = std::min(joined.start, sessions[i].start);
    const EventTime end = std::max(joined.end, sessions[i].end);
    if (touches(sessions[i], at, options.gap) && end - start <= options.max) {
      absorb(joined, std::move(sessions[i]));
    } else {
      if (kept != i) sessions[kept] = std::move(sessions[i]);
      ++kept;
    }
  }
  sessions.resize(kept);
  const auto place =
      std::upper_bound(sessions.begin(), sessions.end(), joined.start,
                       [](EventTime start, const OpenSession& session) { return start < session.start; });
  return *sessions.insert(place, std::move(joined));
}

}  // namespace driftcast
