#include "pipeline/instance.h"

#include <algorithm>

#include "config/fields.h"
#include "pipeline/commit.h"
#include "pipeline/restore.h"
#include "pipeline/stages.h"

namespace driftcast {

Assembly::Assembly(const LaneSetup& setup, Log& log, Store& store, const Clock& clock, std::uint64_t lineage)
    : setup_(setup), log_(log), store_(store), clock_(clock), lineage_(lineage), collector_(log.assigned().size()) {}

Result<std::unique_ptr<Assembly>> Assembly::make(const Settings& settings, const ModelSet& models, Log& log,
                                                 Store& store, const Clock& clock, std::uint64_t lineage,
                                                 Observer* observer) {
  const LaneSetup setup{settings, models, output_hash(settings), observer};
  std::unique_ptr<Assembly> assembly(new Assembly(setup, log, store, clock, lineage));
  const std::vector<Partition>& assigned = log.assigned();
  const std::int64_t cache = settings.state.cache_bytes / std::max<std::int64_t>(std::ssize(assigned), 1);
  for (const Partition partition : assigned) {
    const std::size_t slot = assembly->lanes_.size();
    assembly->lanes_.push_back(std::make_unique<Lane>(assembly->setup_, store, partition, slot, cache));
  }
  DRIFTCAST_TRY(store.prepare(assigned));
  assembly->intake_ = std::make_unique<Intake>(assembly->lanes_, log, settings, clock.now_ms());
  return assembly;
}

Result<std::unique_ptr<Assembly>> Assembly::open(const Settings& settings, const ModelSet& models, Log& log,
                                                 Store& store, const Clock& clock, std::uint64_t lineage,
                                                 Observer* observer) {
  auto made = make(settings, models, log, store, clock, lineage, observer);
  if (!made) return made.error();
  for (auto& lane : (*made)->lanes_) {
    DRIFTCAST_TRY((*made)->recover(*lane));
    (*made)->intake().admit(*lane);
  }
  return made;
}

Result<void> Assembly::recover(Lane& lane, const RecoveryWatch& watch) {
  DRIFTCAST_TRY(open_lane(lane, log_, store_, setup_, lineage_, watch));
  lane.recovered = true;
  const std::lock_guard lock(counting_);
  counts_[lane.partition] = {lane.fold.mark.counters, lane.fold.mark.counters};
  return {};
}

Counters Assembly::counters() const {
  const std::lock_guard lock(counting_);
  Counters sum{};
  for (const auto& [partition, count] : counts_) add(sum, count.now);
  return sum;
}

Counters Assembly::counters_before() const {
  const std::lock_guard lock(counting_);
  Counters sum{};
  for (const auto& [partition, count] : counts_) add(sum, count.before);
  return sum;
}

Result<std::vector<Partition>> Assembly::commit_epoch(Epoch&& epoch) {
  const StageTimes::Span span(times_, kPublishStage);
  std::vector<Partition> shipped;
  std::map<Partition, Counters> counted;
  for (const LaneEpoch& lane : epoch.lanes) {
    if (lane.ship) shipped.push_back(lane.partition);
    counted[lane.partition] = lane.mark.counters;
  }
  DRIFTCAST_TRY(commit(log_, store_, std::move(epoch)));
  const std::lock_guard lock(counting_);
  for (const auto& [partition, counters] : counted) counts_[partition].now = counters;
  return shipped;
}

Instance::Instance(Assembly& assembly)
    : assembly_(assembly), decoder_(assembly.settings().pipeline, assembly.settings().operators) {}

Result<std::unique_ptr<Parcel>> Instance::poll() {
  const StageTimes::Span span(assembly_.times(), kPollStage);
  return assembly_.intake().next(assembly_.clock().now_ms(), true);
}

Result<bool> Instance::step() {
  if (done_) return false;
  Intake& intake = assembly_.intake();
  const auto keeps = assembly_.log().keeps_assignment();
  if (!keeps) return keeps.error();
  if (!*keeps) intake.stop();
  auto next = poll();
  if (!next) return next.error();
  if (!*next) {
    done_ = intake.last_epoch_sent();  // an epoch of no lane
    return !done_;
  }
  Parcel& parcel = **next;
  Lane& lane = *parcel.lane;
  for (std::size_t stage = 0; stage < kStages.size(); ++stage) {
    if (kStages[stage].run == nullptr) continue;
    const StageTimes::Span span(assembly_.times(), stage);
    kStages[stage].run(decoder_, lane, parcel);
  }
  if (parcel.failure) return *parcel.failure;
  intake.returned(lane, parcel.fold_outputs.bytes() + parcel.judge_outputs.bytes());
  const std::uint64_t number = parcel.epoch;
  auto epoch = assembly_.collector().collect(std::move(parcel));
  if (!epoch) return true;
  auto shipped = assembly_.commit_epoch(std::move(*epoch));
  if (!shipped) return shipped.error();
  intake.committed(*shipped, number, assembly_.clock().now_ms());
  done_ = intake.last_epoch_sent();
  return !done_;
}

Result<void> Instance::run() {
  while (true) {
    auto more = step();
    if (!more) return more.error();
    if (!*more) return {};
  }
}

}  // namespace driftcast
