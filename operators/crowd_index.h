// CrowdIndex: where a category lies in the crowd's list, by hash. At most kCrowdCategories entries.
//
// Open addressing with linear probing, at most half full; it is asked some thirty times for each forecast, which is what
// a node-based map was too slow for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/linear_probing.h"

namespace driftcast {

inline constexpr std::size_t kCrowdCategories = 512;

class CrowdIndex {
 public:
  // Place of the category with this hash, or none.
  std::optional<std::uint32_t> find(std::uint64_t hash) const {
    for (std::size_t i = home(hash); buckets_[i].taken; i = next(i)) {
      if (buckets_[i].hash == hash) return buckets_[i].place;
    }
    return std::nullopt;
  }

  // Requires: the hash is not there yet.
  void insert(std::uint64_t hash, std::uint32_t place) {
    std::size_t i = home(hash);
    while (buckets_[i].taken) i = next(i);
    buckets_[i] = {hash, place, true};
  }

  // Requires: the hash is there.
  void erase(std::uint64_t hash) {
    std::size_t hole = home(hash);
    while (buckets_[hole].hash != hash) hole = next(hole);
    const std::size_t free = close_gap(
        hole, kMask, [this](std::size_t i) { return buckets_[i].taken; },
        [this](std::size_t i) { return home(buckets_[i].hash); },
        [this](std::size_t from, std::size_t to) { buckets_[to] = buckets_[from]; });
    buckets_[free] = {};
  }

  void clear() { buckets_ = {}; }

 private:
  struct Bucket {
    std::uint64_t hash = 0;
    std::uint32_t place = 0;
    bool taken = false;
  };
  static constexpr std::size_t kMask = 2 * kCrowdCategories - 1;

  static std::size_t home(std::uint64_t hash) { return hash & kMask; }
  static std::size_t next(std::size_t i) { return (i + 1) & kMask; }

  std::array<Bucket, kMask + 1> buckets_{};
};

}  // namespace driftcast
