// Kill points: named places in commit() at which a test build can die, to prove that no outcome depends on where.
//
// A release build compiles them to nothing. A test build with DRIFTCAST_KILL_AT=<name>:<n> in the environment kills
// itself (SIGKILL) the n-th time it passes; in-process tests install a hook that throws instead.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

namespace driftcast {

enum class KillPoint : std::uint8_t {
  kBeforeOutputs,   // nothing of the epoch has left the process
  kAfterOutputs,    // outputs written, not committed
  kAfterChangelog,  // states written to the changelog, not committed
  kBeforeCommit,    // offsets sent, not committed
  kAfterCommit,     // committed; no store knows
  kBetweenStores,   // some partitions' stores know
  kAfterStores,     // all know
};

inline constexpr std::array<std::string_view, 7> kKillPointNames = {
    "before_outputs", "after_outputs",  "after_changelog", "before_commit",
    "after_commit",   "between_stores", "after_stores"};

#ifdef DRIFTCAST_KILL_POINTS
void kill_point(KillPoint point);
void set_kill_hook(std::function<void(KillPoint)> hook);  // empty: back to the environment's
#else
inline void kill_point(KillPoint) {}
#endif

}  // namespace driftcast
