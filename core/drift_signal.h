// DriftSignal: a user's interest has changed. Published at the event that raised it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/time.h"

namespace driftcast {

enum class DriftKind : std::uint8_t { kMix, kVolume };  // what changed: shares of categories, or how much
enum class DriftStage : std::uint8_t { kNone, kAlarm, kConfirmed };

constexpr const char* name(DriftKind kind) { return kind == DriftKind::kMix ? "mix" : "volume"; }
constexpr const char* name(DriftStage stage) {
  return stage == DriftStage::kNone ? "none" : stage == DriftStage::kAlarm ? "alarm" : "confirmed";
}

struct ShareChange {
  std::string category;
  float from = 0;  // share before
  float to = 0;    // share now
};

struct DriftSignal {
  EventTime at;  // event time of the event, or end of the step, that raised it
  Step step = 0;
  std::int64_t ordinal = 0;  // of this user's signals, from 0: part of the id
  DriftKind kind = DriftKind::kMix;
  DriftStage stage = DriftStage::kAlarm;
  float evidence = 0;  // log of the statistic that crossed its threshold
  float severity = 0;  // mix: Jensen-Shannon divergence in [0, ln 2]; volume: |log ratio of the levels|
  std::vector<ShareChange> rising, falling;  // at most three each, largest change first; empty for volume
  std::int64_t events = 0;                   // of the user so far
};

// What a forecast says of the user's current drift.
struct DriftStatus {
  DriftStage stage = DriftStage::kNone;
  DriftKind kind = DriftKind::kMix;
  EventTime since;  // meaningful unless stage is kNone
};

}  // namespace driftcast
