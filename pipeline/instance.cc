#include "pipeline/instance.h"

#include <chrono>
#include <thread>

#include "config/fields.h"
#include "pipeline/commit.h"
#include "pipeline/restore.h"
#include "pipeline/stages.h"

namespace driftcast {

Assembly::Assembly(const LaneSetup& setup, Log& log, Store& store, const Clock& clock)
    : setup_(setup), log_(log), store_(store), clock_(clock), collector_(static_cast<std::size_t>(log.partitions())) {}

Result<std::unique_ptr<Assembly>> Assembly::open(const Settings& settings, const ModelSet& models, Log& log,
                                                 Store& store, const Clock& clock, std::uint64_t lineage,
                                                 Observer* observer) {
  const LaneSetup setup{settings, models, output_hash(settings), observer};
  std::unique_ptr<Assembly> assembly(new Assembly(setup, log, store, clock));
  const std::int64_t cache = settings.state.cache_bytes / log.partitions();
  for (Partition p = 0; p < log.partitions(); ++p) {
    auto lane = std::make_unique<Lane>(assembly->setup_, store, p, cache);
    DRIFTCAST_TRY(open_lane(*lane, log, store, assembly->setup_, lineage));
    for (std::size_t c = 0; c < kCounters; ++c) assembly->counters_[c] += lane->fold.mark.counters[c];
    assembly->lanes_.push_back(std::move(lane));
  }
  DRIFTCAST_TRY(store.prepare(log.partitions()));
  assembly->intake_ = std::make_unique<Intake>(assembly->lanes_, log, settings, clock.now_ms());
  return assembly;
}

Counters Assembly::counters() const {
  const std::lock_guard lock(counting_);
  return counters_;
}

std::size_t Assembly::index(const Lane& lane) const { return static_cast<std::size_t>(lane.partition); }

Result<std::vector<Partition>> Assembly::commit_epoch(Epoch&& epoch) {
  const StageTimes::Span span(times_, kPublishStage);
  std::vector<Partition> shipped;
  Counters sum{};
  for (const LaneEpoch& lane : epoch.lanes) {
    if (lane.ship) shipped.push_back(lane.partition);
    for (std::size_t c = 0; c < kCounters; ++c) sum[c] += lane.mark.counters[c];
  }
  DRIFTCAST_TRY(commit(log_, store_, std::move(epoch)));
  const std::lock_guard lock(counting_);
  counters_ = sum;
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
  auto next = poll();
  if (!next) return next.error();
  if (!*next) return true;
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
  auto epoch = assembly_.collector().collect(assembly_.index(lane), std::move(parcel));
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
