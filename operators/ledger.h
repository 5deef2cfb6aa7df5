// Ledger: what judge remembers of one user: forecasts that wait for their outcome, and what earlier outcomes taught.
// Crowd: what judge has learned of the partition's users together, by segment, age and horizon. Plain data.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/prefetch.h"
#include "core/step_closed.h"
#include "models/interval.h"
#include "models/joint.h"
#include "models/model_set.h"

namespace driftcast {

inline constexpr int kPendingPerHorizon = 8;  // forecasts of one horizon that may wait at a time

// Steps between two forecasts of a horizon that both wait.
constexpr Step spacing(int horizon) { return (horizon + kPendingPerHorizon - 1) / kPendingPerHorizon; }

// The crowd is kept by segment and age.
inline constexpr std::size_t kCrowdCells = kSegments * kAges;

inline std::size_t crowd_cell(std::size_t segment, std::uint32_t active_steps) {
  return segment * kAges + age_of(active_steps);
}
inline std::size_t segment_of_cell(std::size_t cell) { return cell / kAges; }
inline std::size_t age_of_cell(std::size_t cell) { return cell % kAges; }

// A published forecast of one horizon. Its numbers are rounded to 16 bits when it is made.
struct PendingForecast {
  Step step = 0;                  // after which it was made: it speaks of step + 1 .. step + horizon
  std::int64_t total_before = 0;  // the user's events up to and with `step`
  std::uint8_t cell = 0;          // of the crowd, when it was made
  VolumeForecasts volume;
  float joint = 0;       // joint forecast before its guard
  float mean = 0;        // as published, before horizons are brought into order
  float variance = 0;    // from which the bounds were taken
  float dispersion = 0;  // the network's; 0: it has not spoken
};

// The dispersion that labels correct: the `network`'s of a forecast or, where it has not spoken, the segment's.
inline double prior_dispersion(float network, const ModelSet::Segment& segment) {
  return network > 0 ? static_cast<double>(network) : segment.dispersion;
}

struct HorizonLedger {
  JointUser joint;
  Spread spread;
  std::vector<PendingForecast> pending;  // oldest first
};

struct Ledger {
  static constexpr std::uint8_t kFormat = 4;

  std::int64_t total = 0;  // events in closed steps
  std::array<HorizonLedger, kHorizonSlots> horizons;
};

struct CrowdHorizon {
  JointCrowd joint;
  Spread spread;
};

struct Crowd {
  static constexpr std::uint8_t kFormat = 4;  // the ledger's, since they share parts

  std::array<std::array<CrowdHorizon, kHorizonSlots>, kCrowdCells> cells{};  // [cell][horizon slot]
};

inline std::size_t footprint(const Ledger& ledger) {
  std::size_t bytes = 0;
  for (const HorizonLedger& horizon : ledger.horizons) bytes += horizon.pending.capacity() * sizeof(PendingForecast);
  return bytes;
}

// Brings near the forecasts that may have matured.
inline void prefetch_parts(const Ledger& ledger) {
  for (const HorizonLedger& horizon : ledger.horizons) {
    if (!horizon.pending.empty()) prefetch(&horizon.pending.front());
  }
}

}  // namespace driftcast
