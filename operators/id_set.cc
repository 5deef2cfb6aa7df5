#include "operators/id_set.h"

#include <utility>

#include "core/linear_probing.h"

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

void IdSet::remove(std::uint64_t id) {
  const std::size_t free = close_gap(
      place_of(id), slots_.size() - 1, [this](std::size_t slot) { return slots_[slot] != 0; },
      [this](std::size_t slot) { return home(slots_[slot]); },
      [this](std::size_t from, std::size_t to) { slots_[to] = slots_[from]; });
  slots_[free] = 0;
  --size_;
}

void IdSet::grow() {
  const auto before = std::exchange(slots_, std::vector<std::uint64_t>(2 * slots_.size()));
  for (const std::uint64_t id : before) {
    if (id != 0) slots_[place_of(id)] = id;
  }
}

}  // namespace driftcast
