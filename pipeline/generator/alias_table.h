// AliasTable: draws an index in proportion to its weight, in constant time, 8 bytes per index.
//
// After: A. J. Walker (1977), built as by M. D. Vose (1991): every column holds one index and fills up with another.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/check.h"
#include "pipeline/generator/random.h"

namespace driftcast {

class AliasTable {
 public:
  // At least one weight must be above 0; the product of their number and their sum must stay below 2^63.
  explicit AliasTable(std::span<const std::uint64_t> weights) : columns_(weights.size()) {
    std::uint64_t total = 0;
    for (const std::uint64_t weight : weights) total += weight;
    DRIFTCAST_CHECK(total > 0);
    std::vector<std::uint64_t> height(weights.begin(), weights.end());  // in units of total / columns
    std::vector<std::uint32_t> low, high;
    for (std::uint32_t i = 0; i < height.size(); ++i) {
      height[i] *= height.size();
      (height[i] < total ? low : high).push_back(i);
    }
    while (!low.empty()) {  // then high is not empty: the heights' mean is `total`
      const std::uint32_t i = low.back();
      low.pop_back();
      const std::uint32_t other = high.back();
      columns_[i] = {static_cast<std::uint32_t>(static_cast<double>(height[i]) / static_cast<double>(total) * 0x1p32),
                     other};
      height[other] -= total - height[i];
      if (height[other] >= total) continue;
      high.pop_back();
      low.push_back(other);
    }
    for (const std::uint32_t i : high) columns_[i] = {~0U, i};
  }

  std::uint32_t draw(Random& random) const {
    const std::uint32_t i = random.below(static_cast<std::uint32_t>(columns_.size()));
    return static_cast<std::uint32_t>(random.next() >> 32) < columns_[i].own ? i : columns_[i].other;
  }

 private:
  struct Column {
    std::uint32_t own = 0;  // in units of 2^-32
    std::uint32_t other = 0;
  };
  std::vector<Column> columns_;
};

}  // namespace driftcast
