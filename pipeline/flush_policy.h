// When a batch that lanes gather for a device is run: a pure function of what has come, so that it is tested without a
// clock. Its choice changes how long a lane waits and how large batches are, but no output by more than the device's
// tolerance.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "pipeline/options.h"

namespace driftcast {

// A batch as it stands.
struct Gathered {
  std::size_t rows = 0;
  std::size_t could_come = 0;      // threads that are not waiting for a batch: they may yet bring rows
  std::chrono::nanoseconds age{};  // since its first rows came
};

// How long to wait for more, at the longest; 0: the batch should be run now.
inline std::chrono::nanoseconds wait_before_flush(const Gathered& batch, const BatchOptions& limits) {
  if (batch.rows >= static_cast<std::size_t>(limits.rows) || batch.could_come == 0) return {};
  return std::max(limits.age - batch.age, std::chrono::nanoseconds{});
}

}  // namespace driftcast
