// Open addressing with linear probing, without tombstones: what a table must do when an entry leaves.
#pragma once

#include <cstddef>

namespace driftcast {

// Closes the gap at `hole` in a table of mask + 1 slots, a power of two: what follows moves up unless that would put it
// before its home. `taken(slot)`, `home(slot)`: of the entry there; `move(from, to)` copies it. Returns the slot that is
// free in the end, which the caller empties. Requires: some other slot is free.
template <class Taken, class Home, class Move>
std::size_t close_gap(std::size_t hole, std::size_t mask, Taken taken, Home home, Move move) {
  for (std::size_t slot = (hole + 1) & mask; taken(slot); slot = (slot + 1) & mask) {
    if (((slot - home(slot)) & mask) < ((slot - hole) & mask)) continue;
    move(slot, hole);
    hole = slot;
  }
  return hole;
}

}  // namespace driftcast
