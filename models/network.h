// Network: the seam for one recurrent network that serves all users. There is no implementation here.
//
// B users, T rows of one user, F = features per row (core/features.h), H = hidden size, S = horizon slots. All arrays
// are row-major, contiguous, float. Counts in rows are log1p; normalisation belongs to the network. The heads are
// means of the sum of the counts over each horizon, not negative, as corrections to the EWMA level in the row: a
// network whose weights are zero forecasts the level.
//
// Rules for implementations: const and free of locks, so that threads may share one; the result of a user depends
// neither on B nor on the user's place in the batch, bit for bit; `window` over rows gives what `step` gives one by one.
#pragma once

#include <cstddef>
#include <span>

#include "core/features.h"

namespace driftcast {

// The state that a user carries from row to row, both [B, H]; zeros before the first row. Owned by the caller.
struct Carried {
  std::span<float> h;
  std::span<float> c;
};

class Network {
 public:
  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  virtual ~Network() = default;

  virtual std::size_t hidden() const = 0;         // H
  virtual std::size_t horizon_slots() const = 0;  // S

  // Takes one row of each of B users: rows [B, F], carried in and out [B, H], volume out [B, S].
  // Spans are borrowed for the call. Cost: O(B H (H + F)).
  virtual void step(std::span<const FeatureRow> rows, Carried carried, std::span<float> volume) const = 0;

  // Takes T rows of each of B users from an empty state: rows [B, T, F], oldest row first; carried out [B, H];
  // volume out [B, S], of the last row. This is how the state is rebuilt when the model changes.
  virtual void window(std::span<const FeatureRow> rows, std::size_t users, Carried carried,
                      std::span<float> volume) const = 0;
};

}  // namespace driftcast
