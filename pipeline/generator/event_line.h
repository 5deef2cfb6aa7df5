// EventLine: the generator's events as JSON text, with the field names of the default mapping. Hot: no allocation
// beyond the output, the date of a day is written once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/kind.h"
#include "core/time.h"
#include "pipeline/generator/catalogue.h"

namespace driftcast {

// An event before it is text. Absent numbers are negative (dwell) or not `priced`.
struct EventFields {
  std::string_view user;
  Item item;
  Kind kind = Kind::kView;
  EventTime at;
  std::uint64_t id = 0;  // written as 16 hexadecimal digits
  std::int64_t dwell_ms = -1;
  bool priced = false;
  std::int64_t amount_cents = 0;
};

class EventLine {
 public:
  explicit EventLine(const Catalogue& catalogue) : catalogue_(catalogue) {}

  // Appends one object without a line feed.
  void append(std::string& out, const EventFields& event);

 private:
  void append_time(std::string& out, EventTime at);

  const Catalogue& catalogue_;
  std::int64_t day_ = -1;
  std::string date_;  // of day_: "2024-01-31T"
};

}  // namespace driftcast
