#include "operators/id_set.h"

#include <utility>

namespace driftcast {

std::size_t IdSet::place_of(std::uint64_t id) const {
  std::size_t slot = home(id);
  while (slots_[slot] != 0 && slots_[slot] != id) slot = next(slot);
  return slot;
}

void IdSet::add(std::uint64_t id) {
  if (4 * (size_ + 1) > 3 * slots_.size()) grow();
  slots_[place_of(id)] = id;
  ++size_;
}

// Linear probing without tombstones: what follows moves up unless that would put it before its home.
void IdSet::remove(std::uint64_t id) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = place_of(id);
  for (std::size_t slot = next(hole); slots_[slot] != 0; slot = next(slot)) {
    if (((slot - home(slots_[slot])) & mask) < ((slot - hole) & mask)) continue;
    slots_[hole] = slots_[slot];
    hole = slot;
  }
  slots_[hole] = 0;
  --size_;
}

void IdSet::grow() {
  const auto before = std::exchange(slots_, std::vector<std::uint64_t>(2 * slots_.size()));
  for (const std::uint64_t id : before) {
    if (id != 0) slots_[place_of(id)] = id;
  }
}

}  // namespace driftcast
