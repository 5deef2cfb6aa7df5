#include "pipeline/intake.h"

#include <algorithm>
#include <string>
#include <utility>

namespace driftcast {
namespace {

// True while a lane has not read again all that its outputs come from.
bool behind(const Lane& lane) {
  return lane.polled < lane.committed.next_offset + (lane.committed.ordinal > 0 ? 1 : 0);
}

}  // namespace

Intake::Intake(Lanes& lanes, Log& log, const Settings& settings, std::int64_t now_ms)
    : lanes_(lanes), log_(log), options_(settings.pipeline), epoch_began_ms_(now_ms) {
  const auto count = static_cast<std::int64_t>(lanes.size());
  dirty_limit_ = std::min(options_.changelog.bytes, settings.state.cache_bytes / count / 2);
}

// Once an interval, each lane in a part of it that is its own: what two ship together delays an epoch by twice as much.
void Intake::plan_shipment(Lane& lane, std::int64_t now_ms) const {
  const std::int64_t interval = options_.changelog.interval.count();
  if (interval == 0) return;  // always due
  const auto lanes = static_cast<std::int64_t>(lanes_.size()), place = static_cast<std::int64_t>(lane.slot);
  const std::int64_t own = interval * place / lanes;
  lane.ship_due_ms = own + ((now_ms - own) / interval + 1) * interval;
}

// Between two epochs: what comes must not be older than what a lane has been part of already.
Result<void> Intake::take_in(std::int64_t now_ms) {
  if (arriving_.empty()) return {};
  for (Lane* lane : arriving_) {
    lane->polled = lane->fold.mark.position.next_offset;
    DRIFTCAST_TRY(log_.seek(lane->partition, lane->polled));
    epoch_ = std::max(epoch_, lane->mark_epoch + 1);
    members_.push_back(lane);
  }
  arriving_.clear();
  begins_ = true;
  epoch_began_ms_ = now_ms;
  return {};
}

bool Intake::ship_due(const Lane& lane, std::int64_t now_ms) const {
  return now_ms >= lane.ship_due_ms || lane.dirty_bytes() >= dirty_limit_;
}

bool Intake::epoch_due(std::int64_t now_ms) const {
  if (begins_) return true;
  if (!epoch_has_work_) return false;
  return !arriving_.empty() || now_ms - epoch_began_ms_ >= options_.epoch.interval.count() || epoch_holds(0);
}

// True when the epoch has reached its bounds on outputs or states, and so many bytes more.
bool Intake::epoch_holds(std::int64_t beyond_its_bounds) const {
  const auto outputs = static_cast<std::int64_t>(epoch_bytes_.load(std::memory_order_relaxed));
  if (outputs >= options_.epoch.bytes + beyond_its_bounds) return true;
  return std::any_of(members_.begin(), members_.end(),
                     [&](const Lane* lane) { return lane->dirty_bytes() >= dirty_limit_ + beyond_its_bounds; });
}

bool Intake::idle() const {
  return std::all_of(members_.begin(), members_.end(), [](const Lane* lane) { return lane->in_flight == 0; });
}

std::unique_ptr<Parcel> Intake::parcel_for(Lane& lane) {
  auto parcel = std::make_unique<Parcel>();
  parcel->lane = &lane;
  parcel->epoch = epoch_;
  parcel->budget = static_cast<std::size_t>(options_.source.slice);
  ++lane.in_flight;
  return parcel;
}

void Intake::end_epoch(std::int64_t now_ms, bool last) {
  for (Lane* lane : members_) {
    auto parcel = parcel_for(*lane);
    parcel->budget = 0;
    parcel->marker = std::make_unique<LaneEpoch>();
    LaneEpoch& marker = *parcel->marker;
    marker.partition = lane->partition;
    marker.began_ms = epoch_has_work_ ? work_began_ms_ : now_ms;
    marker.of_lanes = members_.size();
    marker.ship = last || !lane->begun || ship_due(*lane, now_ms);
    marker.mark_epoch = marker.ship ? epoch_ : lane->mark_epoch;
    lane->begun = true;
    ready_.push_back(std::move(parcel));
  }
  begins_ = false;
  last_sent_ = last;
  epoch_has_work_ = false;
  epoch_bytes_ = 0;
  epoch_began_ms_ = now_ms;
  if (!members_.empty()) ended_ = epoch_++;
}

// Records to process now, or nothing. An input must reach at least to where the outputs are already, in all partitions:
// otherwise it is another one, and it is refused before the end of any partition gets into outputs or states.
Result<std::unique_ptr<DecodedSlice>> Intake::poll(Lane& lane) {
  auto input = std::exchange(lane.held, nullptr);
  if (!input) {
    input = std::make_unique<DecodedSlice>();
    DRIFTCAST_TRY(log_.poll(lane.partition, static_cast<std::size_t>(options_.source.slice), input->slice));
    if (input->slice.records.empty()) input = nullptr;
    if (input) lane.polled = input->slice.records.back().offset + 1;
  }
  if (!log_.exhausted(lane.partition)) return input;
  if (behind(lane)) {
    return error(ErrorCode::kData, "the input ends at record " + std::to_string(lane.polled) + " of partition " +
                                       std::to_string(lane.partition) +
                                       ", before the outputs do: it is not the input that they came from");
  }
  if (std::any_of(members_.begin(), members_.end(), [](const Lane* each) { return behind(*each); })) {
    lane.held = std::exchange(input, nullptr);
  }
  return input;
}

Result<std::unique_ptr<Parcel>> Intake::poll_next_lane() {
  for (std::size_t tried = 0; tried < members_.size(); ++tried) {
    Lane& lane = *members_[next_lane_ % members_.size()];
    next_lane_ = (next_lane_ + 1) % members_.size();
    const std::size_t backlog = lane.fold.backlog.load(std::memory_order_relaxed);
    const auto slice = static_cast<std::size_t>(options_.source.slice);
    if (!lane.begun || lane.in_flight >= kParcelsPerLane) continue;
    if (backlog > 0 && lane.in_flight == 0) return parcel_for(lane);
    if (backlog > slice) continue;
    auto input = poll(lane);
    if (!input) return input.error();
    if (!*input) continue;
    lane.fold.backlog += (*input)->slice.records.size();
    auto parcel = parcel_for(lane);
    parcel->input = std::move(*input);
    return parcel;
  }
  return std::unique_ptr<Parcel>();
}

// An input that ends does so for all lanes; one that is still to be opened has not read its part.
bool Intake::input_ended() const {
  if (members_.size() < lanes_.size()) return false;
  return std::all_of(members_.begin(), members_.end(),
                     [this](const Lane* lane) { return log_.exhausted(lane->partition) && lane->fold.backlog == 0; });
}

Result<std::unique_ptr<Parcel>> Intake::next(std::int64_t now_ms, bool may_end_epoch) {
  if (ready_.empty() && last_sent_) return std::unique_ptr<Parcel>();
  if (!epoch_has_work_ && !stopping_) DRIFTCAST_TRY(take_in(now_ms));
  if (ready_.empty() && may_end_epoch && epoch_due(now_ms)) end_epoch(now_ms, false);
  // Where an epoch may end, a full one has just done so.
  const auto waits_for_commit = [&] { return !may_end_epoch && epoch_has_work_ && epoch_holds(kMostBeyond); };
  if (ready_.empty() && !stopping_ && !waits_for_commit()) {
    auto parcel = poll_next_lane();
    if (!parcel) return parcel.error();
    if (*parcel) {
      if (!std::exchange(epoch_has_work_, true)) work_began_ms_ = now_ms;
      return parcel;
    }
  }
  if (ready_.empty() && idle() && may_end_epoch && (stopping_ || input_ended())) end_epoch(now_ms, true);
  if (ready_.empty()) return std::unique_ptr<Parcel>();
  auto parcel = std::move(ready_.front());
  ready_.pop_front();
  return parcel;
}

void Intake::returned(Lane& lane, std::size_t output_bytes) {
  epoch_bytes_.fetch_add(output_bytes, std::memory_order_relaxed);
  --lane.in_flight;
}

void Intake::committed(const std::vector<Partition>& shipped, std::uint64_t epoch, std::int64_t now_ms) {
  for (Lane* lane : members_) {
    if (std::find(shipped.begin(), shipped.end(), lane->partition) == shipped.end()) continue;
    lane->mark_epoch = epoch;
    plan_shipment(*lane, now_ms);
    lane->written(epoch);
  }
}

}  // namespace driftcast
