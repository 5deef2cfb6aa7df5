// Epoch: what commits together. For every lane its position, its outputs, and, when due, its states with their mark.
#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/outbox.h"
#include "state/mark.h"
#include "state/store.h"

namespace driftcast {

struct LaneEpoch {
  Partition partition = 0;
  std::size_t of_lanes = 1;      // how many the epoch has
  std::int64_t began_ms = 0;     // when the epoch's first record was polled; process clock
  Position send;                 // the position to commit: the lane's own, or the committed one while it replays
  std::uint64_t mark_epoch = 0;  // of the newest mark once this epoch has committed
  bool ship = false;             // entries and mark are part of this epoch
  Mark mark;                     // the lane's scalars at the epoch's end; shipped or not, they must add up
  std::vector<Entry> entries;
  Outbox outputs;
};

struct Epoch {
  std::uint64_t number = 0;
  std::vector<LaneEpoch> lanes;  // by partition; every lane that took part
};

}  // namespace driftcast
