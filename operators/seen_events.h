// The ids of a user's events, kept as long as an equal one could still be accepted.
//
// Few ids are scanned; many, as of a robot that acts without pause, are looked up in an index. The index is derived: it
// is neither stored nor copied, and is made again by the next `add`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "core/time.h"

namespace driftcast {

struct SeenEvent {
  EventTime at;
  std::uint64_t id = 0;
};

template <class Archive>
void fields(Archive& archive, SeenEvent& seen) {
  archive(seen.at, seen.id);
}

class SeenEvents {
 public:
  SeenEvents() = default;
  SeenEvents(const SeenEvents& other) : oldest_first_(other.oldest_first_) {}
  SeenEvents(SeenEvents&&) noexcept = default;
  SeenEvents& operator=(const SeenEvents& other);
  SeenEvents& operator=(SeenEvents&&) noexcept = default;
  ~SeenEvents() = default;

  // True when `id` was added with a time not before the watermark.
  bool contains(std::uint64_t id, EventTime watermark) const;

  // Adds an id that is not contained, with at >= watermark, and forgets those before the watermark.
  // Cost: O(log size), amortised.
  void add(EventTime at, std::uint64_t id, EventTime watermark);

  std::size_t size() const { return oldest_first_.size(); }
  std::size_t footprint() const;  // bytes on the heap
  const SeenEvent* data() const { return oldest_first_.data(); }

  template <class Archive>
  friend void fields(Archive& archive, SeenEvents& seen) {
    archive(seen.oldest_first_);
  }

 private:
  using Index = std::unordered_map<std::uint64_t, EventTime>;

  void forget_before(EventTime watermark);

  std::vector<SeenEvent> oldest_first_;  // a heap
  std::unique_ptr<Index> index_;         // of the heap's entries; null while they are few
};

}  // namespace driftcast
