// A record as the log hands it out: bytes and where they came from. Views borrow from the slice that holds them.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/ids.h"
#include "core/time.h"

namespace driftcast {

struct Record {
  std::string_view key;                   // empty: no key
  std::optional<std::string_view> value;  // absent: a tombstone
  std::optional<EventTime> timestamp;     // the record's own (broker or producer) time, where the log has one
  Offset offset = 0;
  std::size_t cut = 0;  // bytes that followed the value and were not kept: far more than a record may have
};

}  // namespace driftcast
