// The kernel's cells over any lanes, shared by all sets of instructions.
#pragma once

#include "models/lstm_kernel.h"
#include "models/vector_math.h"

namespace driftcast {

template <class V>
void cells_over(const Cells& cells) {
  const std::size_t hidden = cells.hidden;
  for (std::size_t r = 0; r < cells.rows; ++r) {
    const float* gates = cells.gates + r * cells.gates_stride;
    std::uint16_t* half_h = cells.state[r] + cells.state_offset;
    std::uint16_t* half_c = half_h + hidden;
    float* h = cells.h + r * cells.h_stride;
    for (std::size_t u = 0; u < hidden; u += V::kLanes) {
      const std::size_t count = hidden - u < V::kLanes ? hidden - u : V::kLanes;
      const auto gate = [&](std::size_t which) { return V::load(gates + which * hidden + u, count); };
      const auto next = lstm_cell(gate(0), gate(1), gate(2), gate(3), V::load_half(half_c + u, count));
      next.c.store(half_c + u, count);
      next.h.store(half_h + u, count);
      next.h.widened().store(h + u, count);
    }
  }
}

template <class V>
void widen_over(const std::uint16_t* halves, float* floats, std::size_t count) {
  for (std::size_t i = 0; i < count; i += V::kLanes) {
    const std::size_t some = count - i < V::kLanes ? count - i : V::kLanes;
    V::load_half(halves + i, some).store(floats + i, some);
  }
}

}  // namespace driftcast
