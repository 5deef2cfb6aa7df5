// Fold: time, users, sessions, steps, drift. Owns the table `users` and the partition's time.
//
// For every record, in this order: is it acceptable; move the watermark; drain who fell due, in (time, user) order;
// fold it. The work can stop after any drained user: what is left is pending, and the lane's position says where it is.

#include "pipeline/stages.h"
#include "pipeline/wire.h"
#include "state/codec.h"

namespace driftcast {
namespace {

constexpr std::string_view kPopulationKey = "fold";

class Folder {
 public:
  Folder(FoldLane& lane, Parcel& parcel)
      : lane_(lane),
        out_(parcel.fold_outputs),
        steps_(parcel.steps),
        budget_(static_cast<std::int64_t>(parcel.budget)),
        options_(lane.setup.settings.operators),
        context_{options_, lane.setup.models, lane.population} {
    steps_.reserve(parcel.budget);
    lane_.scratch.steps.swap(steps_);  // closed steps are written in their place
  }

  ~Folder() {
    lane_.scratch.steps.swap(steps_);
    lane_.backlog -= folded_;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  // Works off pending records until they or the budget are used up.
  Result<void> run() {
    while (!lane_.pending.empty()) {
      DecodedSlice& slice = *lane_.pending.front();
      while (slice.next < slice.decoded.size()) {
        lane_.users.look_ahead([&](std::size_t n) { return user_ahead(slice, n); });
        auto folded = fold(slice.slice.records[slice.next], slice.decoded[slice.next]);
        if (!folded) return folded.error();
        if (!*folded) return {};
        ++slice.next;
        ++folded_;
        position() = {slice.slice.records[slice.next - 1].offset + 1, 0};
      }
      lane_.pending.pop_front();
    }
    return {};
  }

 private:
  static HashedKey user_ahead(const DecodedSlice& slice, std::size_t n) {
    if (slice.next + n >= slice.decoded.size()) return {};
    const Event* event = std::get_if<Event>(&slice.decoded[slice.next + n]);
    return event == nullptr ? HashedKey() : user_of(*event);
  }
  static HashedKey user_of(const Event& event) { return {event.user, event.user_hash}; }

  Position& position() { return lane_.mark.position; }
  void count(Counter counter, std::int64_t n = 1) { lane_.mark.counters[static_cast<std::size_t>(counter)] += n; }
  bool suppressed() const { return lane_.mark.position < lane_.published_below; }

  // False: the budget ended before the record could be folded; the position is in the middle of its drain.
  Result<bool> fold(const Record& record, const Decoded& decoded) {
    if (budget_ <= 0) return false;
    if (position().next_offset != record.offset) position() = {record.offset, 0};
    // After a resume the watermark may have been moved already by this very record.
    auto drained = drain();
    if (!drained || !*drained) return drained;
    if (const Event* event = std::get_if<Event>(&decoded)) return fold(record, *event);
    if (const Advance* advance = std::get_if<Advance>(&decoded)) return fold(*advance);
    if (const Rejected* rejected = std::get_if<Rejected>(&decoded)) {
      count(Counter::kDeadLetter);
      refuse(Topic::kDeadLetters, record, rejected->reason, rejected->field);
    } else {
      count(Counter::kErased);
    }
    count(Counter::kRecords);
    --budget_;
    return true;
  }

  Result<bool> fold(const Record& record, const Event& event) {
    const TimeOptions& time = options_.time;
    if (record.timestamp && event.at > *record.timestamp + time.max_skew) {
      return letter(Counter::kDeadLetter, Topic::kDeadLetters, record, Reason::kFutureTimestamp);
    }
    if (event.at < lane_.mark.watermark) return letter(Counter::kLate, Topic::kLate, record, Reason::kLate);
    if (event.event_id != 0) {
      auto known = lane_.users.peek(user_of(event));
      if (!known) return known.error();
      if (*known != nullptr && is_duplicate(**known, event.event_id, lane_.mark.watermark)) {
        count(Counter::kDuplicate);
        count(Counter::kRecords);
        --budget_;
        return true;
      }
    }
    lane_.mark.newest = std::max(lane_.mark.newest, event.at);
    lane_.mark.watermark = std::max(lane_.mark.watermark, lane_.mark.newest - time.lateness);
    auto drained = drain();
    if (!drained || !*drained) return drained;
    DRIFTCAST_TRY(accept(event));
    count(Counter::kProcessed);
    count(Counter::kRecords);
    --budget_;
    return true;
  }

  Result<bool> fold(const Advance& advance) {
    Mark& mark = lane_.mark;
    if (advance.to) {
      mark.watermark = std::max(mark.watermark, *advance.to);
    } else if (mark.newest != kBeginningOfTime) {
      const StepGrid& grid = options_.time.step;
      const EventTime sessions_closed = mark.newest + options_.session.gap + Duration{1};
      mark.watermark = std::max({mark.watermark, sessions_closed, grid.end(grid.step_of(mark.newest))});
    }
    auto drained = drain();
    if (!drained || !*drained) return drained;
    count(Counter::kAdvances);
    --budget_;
    return true;
  }

  Result<void> accept(const Event& event) {
    auto found = lane_.users.edit(user_of(event));
    if (!found) return found.error();
    UserState& user = *found->state;
    if (found->created) count(Counter::kUsers);
    const EventTime queued = queued_due(user);
    fold_event(user, event, lane_.mark.watermark, context_, lane_.scratch);
    if (lane_.setup.observer != nullptr) lane_.setup.observer->accepted(event, options_.time.step.step_of(event.at));
    publish(user_of(event));
    const EventTime due = next_due(user, options_);
    if (due < queued) {
      lane_.due.push(due, user_of(event));
      user.queued = due;
    } else {
      user.queued = queued;
    }
    return {};
  }

  // The earliest entry the queue is known to hold for a user. A state fresh from the store has lost the exact value,
  // but never its entry: there is one at or before whatever is due.
  EventTime queued_due(const UserState& user) const {
    return user.queued == kBeginningOfTime ? next_due(user, options_) : user.queued;
  }

  // Drains who is due at or before the watermark. False: the budget ended first.
  Result<bool> drain() {
    while (lane_.due.first_due() <= lane_.mark.watermark) {
      if (budget_ <= 0) return false;
      lane_.users.look_ahead([&](std::size_t n) { return lane_.due.ahead(n); });
      const DueQueue::Entry entry = lane_.due.take();
      auto found = lane_.users.edit(entry.key());
      if (!found) return found.error();
      UserState& user = *found->state;
      if (next_due(user, options_) == entry.due) {
        fold_due(user, entry.user, entry.due, context_, lane_.scratch);
        publish(entry.key());
        ++position().ordinal;
        --budget_;
      }
      if (!options_.models && user.sessions.empty()) {  // nothing of what is left will ever be asked for
        DRIFTCAST_TRY(lane_.users.erase(entry.key()));
        continue;
      }
      user.queued = next_due(user, options_);
      if (user.queued != kEndOfTime) lane_.due.push(user.queued, entry.key());
    }
    return true;
  }

  // Passes on what one event or one drained user brought forth.
  void publish(const HashedKey& user) {
    FoldOutputs& made = lane_.scratch;
    const EmitOptions& emit = lane_.setup.settings.pipeline.emit;
    count(Counter::kSessions, static_cast<std::int64_t>(made.sessions.size()));
    count(Counter::kSteps, static_cast<std::int64_t>(made.steps.size() - published_));
    count(Counter::kDriftSignals, static_cast<std::int64_t>(made.signals.size()));
    if (!suppressed()) {
      for (const Session& session : made.sessions) {
        if (emit.sessions) add(Topic::kSessions, user.bytes, [&] { append_session(text_, user.bytes, session); });
      }
      for (const DriftSignal& signal : made.signals) {
        if (emit.drift) add(Topic::kDrift, user.bytes, [&] { append_drift(text_, user.bytes, signal); });
      }
    }
    for (; published_ < made.steps.size(); ++published_) {
      made.steps[published_].position = position();
      made.steps[published_].user_hash = user.hash;
    }
    made.sessions.clear();
    made.signals.clear();
  }

  template <class Write>
  void add(Topic topic, std::string_view user, Write write) {
    text_.clear();
    write();
    out_.add(topic, position(), user, text_);
  }

  Result<bool> letter(Counter counter, Topic topic, const Record& record, Reason reason) {
    count(counter);
    count(Counter::kRecords);
    refuse(topic, record, reason, {});
    --budget_;
    return true;
  }

  void refuse(Topic topic, const Record& record, Reason reason, std::string_view field) {
    if (!suppressed()) out_.add(topic, position(), record.key, record.value.value_or(""), reason, field, record.cut);
  }

  FoldLane& lane_;
  Outbox& out_;
  std::vector<StepClosed>& steps_;
  std::int64_t budget_;        // below zero: a record was folded whose drain had used up the rest
  std::size_t folded_ = 0;     // records
  std::size_t published_ = 0;  // closed steps
  const OperatorOptions& options_;
  FoldContext context_;
  std::string text_;
};

// The epoch ends here: the lane's scalars, and its table when the marker says so.
void close_epoch(FoldLane& lane, std::uint64_t epoch, LaneEpoch& marker) {
  lane.mark.epoch = epoch;
  marker.mark = lane.mark;
  marker.send = std::max(lane.mark.position, lane.published_below);
  if (!marker.ship) return;
  lane.users.encode_dirty(epoch, marker.entries);
  marker.entries.push_back({TableId::kPopulation, std::string(kPopulationKey), encode_value(lane.population)});
}

}  // namespace

void fold_stage(FoldLane& lane, Parcel& parcel) noexcept {
  if (parcel.failure) return;
  if (parcel.input) lane.pending.push_back(std::move(parcel.input));
  if (auto folded = Folder(lane, parcel).run(); !folded) {
    parcel.failure = folded.error();
    return;
  }
  if (parcel.marker) close_epoch(lane, parcel.epoch, *parcel.marker);
  lane.users.trim();
}

}  // namespace driftcast
