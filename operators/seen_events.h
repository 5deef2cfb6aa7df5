// The ids of a user's events, kept as long as an equal one could still be accepted: of more than kMost the newest.
//
// Few ids are scanned; many, as of a robot that acts without pause, are looked up in a set. The set is derived: it is
// neither stored nor copied, and is made again by the next `add`. Stored, an id takes 8 bytes and its time two or three.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/time.h"
#include "operators/id_set.h"

namespace driftcast {

struct SeenEvent {
  EventTime at;
  std::uint64_t id = 0;
};

class SeenEvents {
 public:
  // A user's state must fit into one record of the changelog, which brokers take up to a megabyte of unless told otherwise.
  static constexpr std::size_t kMost = 50'000;

  SeenEvents() = default;
  SeenEvents(const SeenEvents& other) : oldest_first_(other.oldest_first_) {}
  SeenEvents(SeenEvents&&) noexcept = default;
  SeenEvents& operator=(const SeenEvents& other);
  SeenEvents& operator=(SeenEvents&&) noexcept = default;
  ~SeenEvents() = default;

  // True when `id`, which is not 0, was added with a time not before the watermark.
  bool contains(std::uint64_t id, EventTime watermark) const;

  // Adds an id that is not 0 and not contained, with at >= watermark, and forgets those before the watermark,
  // and the oldest of too many. Cost: O(log size), amortised.
  void add(EventTime at, std::uint64_t id, EventTime watermark);

  std::size_t size() const { return oldest_first_.size(); }
  std::size_t footprint() const;  // bytes on the heap
  const SeenEvent* data() const { return oldest_first_.data(); }

  template <class Archive>
  friend void fields(Archive& archive, SeenEvents& seen);  // operators/state_fields.h

 private:
  void forget_before(EventTime watermark);
  void forget_oldest();

  std::vector<SeenEvent> oldest_first_;  // a heap
  std::unique_ptr<IdSet> ids_;           // of the heap's entries; null while they are few
};

}  // namespace driftcast
