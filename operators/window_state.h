// WindowState: the last rows of a user's feature window, and what the network carries of the user from row to row.
//
// The rows are the source of truth: when the network changes, its carried state is rebuilt from them.
// At most kWindowRows rows, oldest first, in half precision, rounded when appended. Silence is run-length coded: empty
// steps after which no forecast is due, while the user is dormant or not, have no rows; the next row says how many
// empty steps there have been since the last event (Feature::kGap). So the window reaches further back, and the network
// takes a step per forecast.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/features.h"
#include "core/prefetch.h"
#include "core/step_closed.h"
#include "core/time.h"
#include "models/experts.h"
#include "models/half.h"

namespace driftcast {

inline constexpr std::size_t kWindowRows = 32;

// What follows from the step alone, its place in the week, is not stored.
inline constexpr std::size_t kStoredFeatures = static_cast<std::size_t>(Feature::kSeasonSin);

struct WindowRow {
  Step step = 0;
  std::array<Half, kStoredFeatures> values{};
};

struct WindowState {
  static constexpr std::uint8_t kFormat = 2;
  std::vector<WindowRow> rows;
  std::uint64_t network = 0;  // hash of the one that `carried` is of; 0: none
  std::vector<Half> carried;

  // How many of the user's steps a batch of infer has taken so far. Means nothing outside of it; not stored.
  struct Rounds {
    std::uint64_t batch = 0;
    std::size_t taken = 0;
  } rounds;
};

inline WindowRow row_of(const StepClosed& closed) {
  WindowRow row{closed.step, {}};
  for (std::size_t f = 0; f < kStoredFeatures; ++f) row.values[f] = from_float(closed.row[f]);
  return row;
}

// Whether the closed step gets a row.
inline bool has_row(const StepClosed& closed) { return closed.publish; }

// Appends the row of a closed step that gets one; the oldest row leaves a full window.
inline void append_row(WindowState& window, const StepClosed& closed) {
  if (window.rows.size() == kWindowRows) window.rows.erase(window.rows.begin());
  window.rows.push_back(row_of(closed));
}

// The row as the network sees it: what was rounded stays so, the place in the week is that of the step.
inline FeatureRow expanded(const WindowRow& row, const StepGrid& grid) {
  FeatureRow features{};
  for (std::size_t f = 0; f < kStoredFeatures; ++f) features[f] = to_float(row.values[f]);
  const auto [sine, cosine] = place_in_season(grid.season(row.step));
  at(features, Feature::kSeasonSin) = sine;
  at(features, Feature::kSeasonCos) = cosine;
  return features;
}

inline std::size_t footprint(const WindowState& window) {
  return window.rows.capacity() * sizeof(WindowRow) + window.carried.capacity() * sizeof(Half);
}

// Brings near where the next row is written.
inline void prefetch_parts(const WindowState& window) { prefetch(window.rows.data() + window.rows.size()); }

}  // namespace driftcast
