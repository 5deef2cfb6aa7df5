#include "pipeline/instance.h"

#include <algorithm>

#include "config/fields.h"
#include "pipeline/commit.h"
#include "pipeline/recovery_report.h"
#include "pipeline/restore.h"
#include "pipeline/stages.h"

namespace driftcast {

Assembly::Assembly(const LaneSetup& setup, Log& log, Store& store, const Clock& clock, std::uint64_t lineage,
                   Metrics* metrics)
    : setup_(setup),
      log_(log),
      store_(store),
      clock_(clock),
      lineage_(lineage),
      collector_(log.assigned().size()),
      metrics_(metrics) {}

Result<std::unique_ptr<Assembly>> Assembly::make(const Settings& settings, const ModelSet& models, Log& log,
                                                 Store& store, const Clock& clock, std::uint64_t lineage,
                                                 const Watchers& watchers) {
  const LaneSetup setup{settings, models, output_hash(settings), watchers.observer};
  std::unique_ptr<Assembly> assembly(new Assembly(setup, log, store, clock, lineage, watchers.metrics));
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
                                                 const Watchers& watchers) {
  auto made = make(settings, models, log, store, clock, lineage, watchers);
  if (!made) return made.error();
  for (auto& lane : (*made)->lanes_) {
    DRIFTCAST_TRY((*made)->recover(*lane));
    (*made)->intake().admit(*lane);
  }
  return made;
}

Result<void> Assembly::recover(Lane& lane, const RecoveryWatch& watch) {
  RecoveryReport report(lane.partition, metrics_);
  const auto watch_and_report = [&](const RecoveryProgress& progress) {
    report.show(progress);
    return !watch || watch(progress);
  };
  DRIFTCAST_TRY(open_lane(lane, log_, store_, setup_, lineage_, watch_and_report));
  report.done();
  lane.recovered = true;
  const std::lock_guard lock(standing_);
  standings_[lane.partition] = {lane.fold.mark.counters, lane.fold.mark};
  return {};
}

Counters Assembly::counters() const {
  const std::lock_guard lock(standing_);
  Counters sum{};
  for (const auto& [partition, standing] : standings_) add(sum, standing.now.counters);
  return sum;
}

Counters Assembly::counters_before() const {
  const std::lock_guard lock(standing_);
  Counters sum{};
  for (const auto& [partition, standing] : standings_) add(sum, standing.before);
  return sum;
}

std::size_t Assembly::recovered() const {
  const std::lock_guard lock(standing_);
  return standings_.size();
}

void Assembly::show_partitions() const {
  if (metrics_ == nullptr) return;
  const std::lock_guard lock(standing_);
  for (const auto& [partition, standing] : standings_) {
    const Offset next = standing.now.position.next_offset;
    PartitionFigures figures{.position = next};
    if (const auto end = log_.known_end(partition)) figures.lag = std::max<Offset>(*end - next, 0);
    if (standing.now.watermark != kBeginningOfTime) figures.watermark = standing.now.watermark;
    metrics_->partition(partition, figures);
  }
}

void Assembly::forget_partitions() const {
  if (metrics_ == nullptr) return;
  for (const auto& lane : lanes_) metrics_->forget(lane->partition);
}

void Assembly::show(const Epoch& epoch, std::chrono::duration<double> commit) const {
  if (metrics_ == nullptr) return;
  EpochFigures figures{.commit = commit};
  std::int64_t began = clock_.now_ms();
  for (const LaneEpoch& lane : epoch.lanes) {
    constexpr auto kRecords = static_cast<std::size_t>(Counter::kRecords);
    figures.records += lane.mark.counters[kRecords] - standings_.at(lane.partition).now.counters[kRecords];
    began = std::min(began, lane.began_ms);
  }
  figures.duration = std::chrono::milliseconds{clock_.now_ms() - began};
  metrics_->committed(figures);
}

std::optional<Epoch> Assembly::passed(Parcel&& parcel) {
  Lane& lane = *parcel.lane;
  const std::size_t bytes = parcel.fold_outputs.bytes() + parcel.judge_outputs.bytes();
  if (metrics_ != nullptr && !parcel.steps.empty()) metrics_->batch(std::ssize(parcel.steps));
  auto epoch = collector_.collect(std::move(parcel));
  intake_->returned(lane, bytes);
  return epoch;
}

Result<std::vector<Partition>> Assembly::commit_epoch(Epoch&& epoch) {
  const StageTimes::Span span(times_, kPublishStage);
  const auto began = std::chrono::steady_clock::now();
  DRIFTCAST_TRY(commit(log_, store_, epoch));
  const std::lock_guard lock(standing_);
  show(epoch, std::chrono::steady_clock::now() - began);
  std::vector<Partition> shipped;
  for (const LaneEpoch& lane : epoch.lanes) {
    if (lane.ship) shipped.push_back(lane.partition);
    standings_[lane.partition].now = lane.mark;
  }
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
  const std::uint64_t number = parcel.epoch;
  auto epoch = assembly_.passed(std::move(parcel));
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
