// Where a record stands in the log, and where processing stands between two records.
#pragma once

#include <compare>
#include <cstdint>
#include <numeric>
#include <vector>

namespace driftcast {

using Partition = std::int32_t;
using Offset = std::int64_t;

// All partitions of a topic that has so many: 0, 1, ...
inline std::vector<Partition> first_partitions(int count) {
  std::vector<Partition> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// A point in a partition's work. Processing the record at an offset first drains the users that fell due before it;
// the ordinal counts those already drained on behalf of that record. An epoch may end at any position.
struct Position {
  Offset next_offset = 0;
  std::int64_t ordinal = 0;
  auto operator<=>(const Position&) const = default;
};

}  // namespace driftcast
