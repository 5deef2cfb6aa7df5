// Restore: brings a lane's states to a mark the log knows, from which the input is replayed to the committed position.
//
//   no committed position      a first run: start at the log's beginning, ship a mark before reading anything
//   local store usable         apply the changelog's tail up to the mark that the committed offset names; where it has
//                              that mark itself, see that it came from this changelog
//   local store lost or alien  drop it, apply the whole changelog; without a changelog replay from the beginning
//
// Then outputs before the committed position are suppressed: they are out already. What does not fit together
// (configuration, model, format, a mark that is missing, a changelog that is another's) is refused, never guessed over.
// Nothing is read from the input here: the intake moves the log to where the lane's mark stands.
#pragma once

#include <cstdint>

#include "core/result.h"
#include "pipeline/lane.h"
#include "pipeline/log.h"
#include "pipeline/recovery.h"
#include "state/store.h"

namespace driftcast {

// `lineage` names the run if this is a first one. Cost: a scan of the lane's users, plus the changelog's tail.
// A watch that answers no ends it with kRollback.
Result<void> open_lane(Lane& lane, Log& log, Store& store, const LaneSetup& setup, std::uint64_t lineage,
                       const RecoveryWatch& watch = {});

}  // namespace driftcast
