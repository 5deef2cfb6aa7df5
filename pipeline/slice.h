// Slice: records polled together from one partition, and what they decoded to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/record.h"
#include "pipeline/arena.h"

namespace driftcast {

// Readable bytes that must follow the last record of a buffer (the JSON parser reads in wide words).
inline constexpr std::size_t kPadding = 64;

struct Slice {
  std::vector<Record> records;                              // ascending offsets
  std::vector<std::shared_ptr<const std::string>> buffers;  // what the records' views borrow from, padded
};

// decode's result: one Decoded per record, views borrowing from the slice's buffers or the arena.
struct DecodedSlice {
  Slice slice;
  Arena arena;
  std::vector<Decoded> decoded;
  std::size_t next = 0;  // first record not folded yet
};

}  // namespace driftcast
