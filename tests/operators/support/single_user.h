// SingleUser: one user and a watermark. What the caller of fold does for a whole partition, in its simplest form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/hash.h"
#include "operators/fold_user.h"

namespace driftcast {

// An event in words; minutes since the epoch.
struct Deed {
  std::int64_t minute = 0;
  std::string category = "books";
  Kind kind = Kind::kView;
  double amount = 0;
  float dwell_ms = 0;
  std::uint64_t id = 0;
  float weight = 1;
};

class SingleUser {
 public:
  explicit SingleUser(const OperatorOptions& options, const ModelSet& models = default_models())
      : options_(options), context_{options_, models, population} {}
  SingleUser(const SingleUser&) = delete;
  SingleUser& operator=(const SingleUser&) = delete;

  UserState state;
  Population population;
  EventTime watermark = kBeginningOfTime;
  FoldOutputs out;  // all there has been so far

  // Takes the event unless it is late or a duplicate, after what fell due before it. True: taken.
  bool take(const Deed& deed) {
    const Event event = event_of(deed);
    if (event.at < watermark || is_duplicate(state, event.event_id, watermark)) return false;
    advance(event.at - options_.time.lateness);
    fold_event(state, event, watermark, context_, out);
    return true;
  }

  // Moves the watermark, if that is forward, and drains what falls due.
  void advance(EventTime to) {
    watermark = std::max(watermark, to);
    while (next_due(state, options_) <= watermark) {
      fold_due(state, "ann", next_due(state, options_), context_, out);
    }
  }
  void advance_to_minute(std::int64_t minute) { advance(event_time(minute * 60'000)); }

 private:
  Event event_of(const Deed& deed) {
    category_ = deed.category;
    Event event;
    event.user = "ann";
    event.category = category_;
    event.category_hash = hash64(category_);
    event.event_id = deed.id;
    event.at = event_time(deed.minute * 60'000);
    event.kind = deed.kind;
    event.weight = deed.weight;
    event.dwell_ms = deed.dwell_ms;
    event.amount = deed.amount;
    return event;
  }

  const OperatorOptions options_;
  FoldContext context_;
  std::string category_;
};

inline constexpr std::int64_t kDay = 24 * 60;  // in minutes

// Days of UTC, half an hour between sessions, no lateness: the watermark is the newest event's time.
inline OperatorOptions plain_options() {
  OperatorOptions options;
  options.time.lateness = Duration{0};
  return options;
}

}  // namespace driftcast
