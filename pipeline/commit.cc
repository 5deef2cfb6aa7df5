#include "pipeline/commit.h"

#include <string>

#include "pipeline/kill_point.h"

namespace driftcast {
namespace {

Result<void> check_counters(const Epoch& epoch) {
  for (const LaneEpoch& lane : epoch.lanes) {
    if (adds_up(lane.mark.counters)) continue;
    return error(ErrorCode::kBug, "the counters of partition " + std::to_string(lane.partition) +
                                      " do not add up: records are lost or counted twice");
  }
  return {};
}

Result<void> write_transaction(Log& log, Epoch& epoch) {
  DRIFTCAST_TRY(log.begin());
  kill_point(KillPoint::kBeforeOutputs);
  for (const LaneEpoch& lane : epoch.lanes) {
    if (!lane.outputs.empty()) DRIFTCAST_TRY(log.write(lane.partition, lane.outputs));
  }
  kill_point(KillPoint::kAfterOutputs);
  std::vector<OffsetCommit> offsets;
  for (LaneEpoch& lane : epoch.lanes) {
    if (lane.ship) {
      auto next = log.write_changelog(lane.partition, lane.entries, lane.mark);
      if (!next) return next.error();
      lane.mark.changelog_offset = *next;
    }
    offsets.push_back({lane.partition, lane.send, lane.mark.lineage, lane.mark_epoch, Mark::kFormat,
                       lane.mark.config_hash, lane.mark.model_hash});
  }
  kill_point(KillPoint::kAfterChangelog);
  DRIFTCAST_TRY(log.send_offsets(offsets));
  kill_point(KillPoint::kBeforeCommit);
  return log.commit();
}

}  // namespace

bool adds_up(const Counters& counters) {
  const auto of = [&](Counter counter) { return counters[static_cast<std::size_t>(counter)]; };
  return of(Counter::kRecords) == of(Counter::kProcessed) + of(Counter::kLate) + of(Counter::kDuplicate) +
                                      of(Counter::kDeadLetter) + of(Counter::kErased);
}

Result<void> commit(Log& log, Store& store, Epoch& epoch) {
  DRIFTCAST_TRY(check_counters(epoch));
  if (auto written = write_transaction(log, epoch); !written) {
    if (auto aborted = log.abort(); !aborted && aborted.error().code != ErrorCode::kRollback) {
      return error(ErrorCode::kRestart,
                   written.error().message + "; then the abort failed: " + aborted.error().message);
    }
    return written.error();
  }
  kill_point(KillPoint::kAfterCommit);
  for (const LaneEpoch& lane : epoch.lanes) {
    if (!lane.ship) continue;
    DRIFTCAST_TRY(store.apply(lane.partition, lane.entries, lane.mark));
    kill_point(KillPoint::kBetweenStores);
  }
  kill_point(KillPoint::kAfterStores);
  return {};
}

}  // namespace driftcast
