// Mark: what a partition's store says about itself. Written in the same batch as the states it belongs to.
//
// The states in a store are those of the log's prefix up to `position`, computed under the configuration, model and
// code that the hashes name. A mark holds every scalar of the partition; what is not here is derived from the states.
#pragma once

#include <array>
#include <cstdint>

#include "core/ids.h"
#include "core/time.h"

namespace driftcast {

// What the partition has counted since its first record; a pure function of its log prefix.
enum class Counter : std::uint8_t {
  kRecords,
  kProcessed,
  kLate,
  kDuplicate,
  kDeadLetter,
  kAdvances,
  kUsers,
  kSessions,
  kSteps,
  kForecasts,
  kDriftSignals,
  kErased,
};
inline constexpr std::size_t kCounters = 12;
using Counters = std::array<std::int64_t, kCounters>;

inline void add(Counters& sum, const Counters& counters) {
  for (std::size_t c = 0; c < kCounters; ++c) sum[c] += counters[c];
}

struct Mark {
  static constexpr std::uint32_t kFormat = 1;  // of everything a store holds; newer ones are refused

  Position position;
  EventTime watermark = kBeginningOfTime;
  EventTime newest = kBeginningOfTime;  // newest accepted event time
  std::uint64_t epoch = 0;              // in which the mark was shipped
  std::uint64_t lineage = 0;            // drawn at the first run of this log and group
  std::uint64_t config_hash = 0;        // of the dials that can change an output, and the code's semantics number
  std::uint64_t model_hash = 0;
  std::uint32_t format = kFormat;
  Offset changelog_offset = 0;  // next record of the changelog to read; local marks only
  Counters counters{};

  bool operator==(const Mark&) const = default;
};

}  // namespace driftcast
