// Commit: an epoch becomes visible, all of it or nothing.
//
//   1. outputs, late and dead letters of every lane        -> the log's transaction
//   2. states and mark of every lane that ships            -> the same transaction (changelog)
//   3. an offset for every lane, also an unchanged one     -> the same transaction
//   4. the transaction commits
//   5. per lane that ships, one atomic batch to the store  -> so a store is always a prefix of the committed log
#pragma once

#include "core/result.h"
#include "pipeline/epoch.h"
#include "pipeline/log.h"
#include "state/store.h"

namespace driftcast {

// The marks that are shipped get their place in the changelog. An error before step 4 aborts the transaction and leaves nothing behind; one after it leaves the store behind the
// log, which recovery mends. The kill points between the steps are those of kill_point.h.
Result<void> commit(Log& log, Store& store, Epoch& epoch);

// Every record a lane has seen ended in exactly one place.
bool adds_up(const Counters& counters);

}  // namespace driftcast
