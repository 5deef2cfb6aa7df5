// IdSet: which of many ids are there, in 11 to 21 bytes each. An id of 0 cannot be in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace driftcast {

class IdSet {
 public:
  bool contains(std::uint64_t id) const { return slots_[place_of(id)] == id; }

  // Adds an id that it does not contain. Cost: O(1), amortised.
  void add(std::uint64_t id);

  // Removes an id that it contains.
  void remove(std::uint64_t id);

  std::size_t footprint() const { return slots_.capacity() * sizeof(std::uint64_t); }  // bytes on the heap

 private:
  std::size_t home(std::uint64_t id) const { return id & (slots_.size() - 1); }  // ids are hashes
  std::size_t next(std::size_t slot) const { return (slot + 1) & (slots_.size() - 1); }
  std::size_t place_of(std::uint64_t id) const;  // where it is, or would be
  void grow();

  std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(16);  // open addressing; 0: free; at most 3/4 full
  std::size_t size_ = 0;
};

}  // namespace driftcast
