// The things a record can mean. Views borrow from the slice whose record they were decoded from.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "core/kind.h"
#include "core/reason.h"
#include "core/time.h"

namespace driftcast {

// A user did something. All fields are checked: finite, in range, well formed.
struct Event {
  std::string_view user;
  std::uint64_t user_hash = 0;  // hash64(user)
  std::string_view category;
  std::uint64_t category_hash = 0;  // hash64(category)
  std::uint64_t event_id = 0;       // hash64 of the event id; 0: the event has none
  EventTime at;
  Kind kind = Kind::kOther;
  float weight = 1;    // of its kind; matters for shares only
  float dwell_ms = 0;  // >= 0
  double amount = 0;   // signed
};

// Moves a partition's time without an event.
struct Advance {
  std::optional<EventTime> to;  // absent: just far enough to close the sessions and the step of the newest event
};

// Forget this user.
struct Erase {
  std::string_view user;
};

// Not to be processed, and why. The field (borrowed from the configuration or a literal) is empty when none is to blame.
struct Rejected {
  Reason reason = Reason::kNone;
  std::string_view field;
};

using Decoded = std::variant<Event, Advance, Erase, Rejected>;

}  // namespace driftcast
