#include "pipeline/restore.h"

#include <spdlog/spdlog.h>

#include "pipeline/changelog_tail.h"
#include "pipeline/refusals.h"
#include "state/codec.h"

namespace driftcast {
namespace {

std::string of(Partition partition) { return "partition " + std::to_string(partition); }

Making making_of(const LaneSetup& setup) { return {Mark::kFormat, setup.config_hash}; }

template <class T>
Result<void> load_population(Store& store, Partition partition, std::string_view key, T& population) {
  auto bytes = store.get(partition, TableId::kPopulation, key);
  if (!bytes) return bytes.error();
  if (!*bytes) return {};
  auto decoded = decode_value<T>(**bytes);
  if (!decoded) return decoded.error();
  population = std::move(*decoded);
  return {};
}

// Nothing comes out before all of the lane's users have been looked at: as little of each as will do.
Result<void> rebuild_due(Lane& lane, Store& store, const LaneSetup& setup) {
  UserState user;
  const auto head = [](auto& archive, UserState& each) { head_fields(archive, each); };
  return store.scan(lane.partition, TableId::kUsers, [&](std::string_view key, std::string_view value) -> Result<void> {
    if (auto decoded = decode_head(value, user, head); !decoded) {
      return error(decoded.error().code,
                   "the state of a user in " + of(lane.partition) + ": " + decoded.error().message);
    }
    const EventTime due = next_due(user, setup.settings.operators);
    if (due != kEndOfTime) lane.fold.due.push(due, key);
    return {};
  });
}

Result<void> load(Lane& lane, Store& store, const LaneSetup& setup, const Mark& mark) {
  lane.fold.mark = mark;
  lane.fold.mark.model_hash = setup.models.hash;
  lane.mark_epoch = mark.epoch;
  lane.judge.forecasts = mark.counters[static_cast<std::size_t>(Counter::kForecasts)];
  DRIFTCAST_TRY(load_population(store, lane.partition, "fold", lane.fold.population));
  DRIFTCAST_TRY(load_population(store, lane.partition, "judge", lane.judge.crowd));
  rebuild_index(lane.fold.population);
  return rebuild_due(lane, store, setup);
}

Mark initial_mark(const LaneSetup& setup, Offset start, std::uint64_t lineage) {
  Mark mark;
  mark.position = {start, 0};
  mark.lineage = lineage;
  mark.config_hash = setup.config_hash;
  mark.model_hash = setup.models.hash;
  return mark;
}

// Empties the store when what it holds cannot be used, and says why.
Result<std::optional<Mark>> dropped(Store& store, Partition partition, const std::string& why) {
  spdlog::warn("the local state of partition {} {}: it is dropped and restored from the log", partition, why);
  DRIFTCAST_TRY(store.drop(partition));
  return std::optional<Mark>();
}

// The local mark, unless it belongs to another history of this partition. Without a mark nothing may be left of a
// recovery that came to no end.
Result<std::optional<Mark>> usable_mark(Store& store, const OffsetCommit& committed) {
  auto local = store.mark(committed.partition);
  if (!local) return local;
  if (!*local) {
    DRIFTCAST_TRY(store.drop(committed.partition));
    return local;
  }
  if ((*local)->lineage == committed.lineage && (*local)->epoch <= committed.mark_epoch) return local;
  return dropped(store, committed.partition, "belongs to another run");
}

bool wanted(const RecoveryWatch& watch, Partition partition) { return !watch || watch({partition}); }

// Nothing newer than the newest mark was shipped, so compaction has kept it where the local state says that it lies. A
// changelog without it is not the one that got the states: it could never restore them.
Result<void> check_origin(Log& log, Partition partition, const Mark& local, const StillWanted& wanted) {
  bool found = false;
  const auto look = [&](ChangelogRecord&& record) -> Result<bool> {
    found = record.mark && record.mark->changelog_offset == local.changelog_offset &&
            record.mark->lineage == local.lineage && record.mark->epoch == local.epoch;
    return false;
  };
  DRIFTCAST_TRY(log.replay_changelog(partition, local.changelog_offset - 1, look, wanted));
  if (found) return {};
  return wrong_changelog(partition, "lacks the mark of the local state, which was shipped to offset " +
                                        std::to_string(local.changelog_offset - 1) +
                                        ": it is another topic, or was made anew");
}

// Brings the store to the mark that the committed offset names.
Result<std::optional<Mark>> catch_up(Log& log, Store& store, const OffsetCommit& committed, std::optional<Mark> local,
                                     const RecoveryWatch& watch) {
  if (local && local->epoch == committed.mark_epoch) {
    DRIFTCAST_TRY(check_origin(log, committed.partition, *local, [&] { return wanted(watch, committed.partition); }));
    return local;
  }
  const auto extent = log.changelog_extent(committed.partition);
  if (!extent) return extent.error();
  if (local && local->changelog_offset <= extent->deletions_from) {
    auto none = dropped(store, committed.partition, "is so old that deletions may be missed");
    if (!none) return none.error();
    local = *none;
  }
  const auto mark = ChangelogTail(store, committed, watch).apply(log, local, extent->end);
  if (!mark) return mark.error();
  return std::optional(*mark);
}

}  // namespace

Result<void> open_lane(Lane& lane, Log& log, Store& store, const LaneSetup& setup, std::uint64_t lineage,
                       const RecoveryWatch& watch) {
  auto committed = log.committed(lane.partition, [&] { return wanted(watch, lane.partition); });
  if (!committed) return committed.error();
  if (!*committed) {
    DRIFTCAST_TRY(store.drop(lane.partition));
    lane.fold.mark = initial_mark(setup, log.start_offset(lane.partition), lineage);
    return {};
  }
  const OffsetCommit& position = **committed;
  const Making now = making_of(setup);
  DRIFTCAST_TRY(check_fits(making_of(position), now, lane.partition, log.has_changelog()));
  auto local = usable_mark(store, position);
  if (!local) return local.error();
  if (log.has_changelog()) {
    local = catch_up(log, store, position, *local, watch);
    if (!local) return local.error();
  }
  DRIFTCAST_TRY(check_model(position, *local, setup.models.hash));
  if (*local) {
    DRIFTCAST_TRY(check_fits(making_of(**local), now, lane.partition, log.has_changelog()));
    DRIFTCAST_TRY(load(lane, store, setup, **local));
  } else {
    lane.fold.mark = initial_mark(setup, log.start_offset(lane.partition), position.lineage);
  }
  lane.mark_epoch = std::max(lane.mark_epoch, position.mark_epoch);
  lane.committed = lane.fold.published_below = lane.judge.published_below = position.position;
  return {};
}

}  // namespace driftcast
