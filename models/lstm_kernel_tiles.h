// The kernel's matrix product over wide lanes: tiles of rows x outputs held in registers, all of the depth in one pass,
// so that an output is one chain whatever the tile. Wide and low tiles for few rows keep enough chains under way to
// hide the latency of an addition; weights are then read once, at the speed of the cache.
#pragma once

#include "models/lstm_kernel_lanes.h"

namespace driftcast {

// The tiles of V: at most kRegisters sums in registers, of at most kMostRows rows.
template <class V, std::size_t kRegisters, std::size_t kMostRows>
struct Tiles {
  static constexpr std::size_t kPerPanel = kPanel / V::kLanes;
  static constexpr std::size_t kMostVectors = 8;  // enough chains for a single row

  // Vectors of outputs in a tile of `rows`: a power of two, so that panels and tiles divide each other.
  static constexpr std::size_t vectors_of(std::size_t rows) {
    std::size_t vectors = kMostVectors;
    while (vectors > 1 && vectors * rows > kRegisters) vectors /= 2;
    return vectors;
  }

  template <std::size_t kRows, std::size_t kVectors>
  struct Tile {
    static constexpr std::size_t kShare = kVectors < kPerPanel ? kVectors : kPerPanel;  // vectors in one panel
    static constexpr std::size_t kPanels = kVectors / kShare;

    V sums[kRows][kVectors] = {};
    const float* weights[kPanels] = {};

    // The tile whose first row is `row`, and whose first outputs are those of `vector`.
    [[gnu::always_inline]] static void compute(const Chains& chains, std::size_t row, std::size_t vector) {
      Tile tile;
      tile.begin(chains, row, vector);
      tile.add(chains.first, row);
      tile.add(chains.second, row);
      tile.end(chains, row, vector);
    }

    void begin(const Chains& chains, std::size_t row, std::size_t vector) {
      const float* first = chains.weights + vector / kPerPanel * chains.panel_stride + vector % kPerPanel * V::kLanes;
      for (std::size_t p = 0; p < kPanels; ++p) weights[p] = first + p * chains.panel_stride;
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kRows; ++r) {
        const float* start = chains.start + (row + r) * chains.start_stride + vector * V::kLanes;
#pragma GCC unroll 16
        for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] = V::load(start + v * V::kLanes);
      }
    }

    void end(const Chains& chains, std::size_t row, std::size_t vector) const {
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kRows; ++r) {
        float* out = chains.out + (row + r) * chains.out_stride + vector * V::kLanes;
#pragma GCC unroll 16
        for (std::size_t v = 0; v < kVectors; ++v) sums[r][v].store(out + v * V::kLanes);
      }
    }

    void add(const Operand& operand, std::size_t row) {
      // Rows by threes of pointers: few enough for the address registers.
      constexpr std::size_t kThrees = (kRows + 2) / 3;
      const float* rows[kThrees];
      for (std::size_t t = 0; t < kThrees; ++t) rows[t] = operand.rows + (row + 3 * t) * operand.stride;
      const auto x_of = [&](std::size_t r) { return V::all(rows[r / 3][r % 3 * operand.stride]); };
      const auto w_of = [&](std::size_t v) { return V::load_once(weights[v / kShare] + v % kShare * V::kLanes); };
      for (std::size_t k = 0; k < operand.depth; ++k) {
        // The fewer of the two are held in registers, the others come and go.
        if constexpr (kRows <= kVectors) {
          multiply<kVectors, kRows>(w_of, x_of, [&](std::size_t v, std::size_t r) -> V& { return sums[r][v]; });
        } else {
          multiply<kRows, kVectors>(x_of, w_of, [&](std::size_t r, std::size_t v) -> V& { return sums[r][v]; });
        }
#pragma GCC unroll 16
        for (std::size_t p = 0; p < kPanels; ++p) weights[p] += kPanel;
#pragma GCC unroll 16
        for (std::size_t t = 0; t < kThrees; ++t) ++rows[t];
      }
    }

    // Adds every product of an outer and an inner factor to its sum; the inner ones are held.
    template <std::size_t kOuter, std::size_t kInner, class Outer, class Inner, class Sum>
    static void multiply(Outer outer, Inner inner, Sum sum) {
      V held[kInner];
#pragma GCC unroll 16
      for (std::size_t i = 0; i < kInner; ++i) held[i] = inner(i);
#pragma GCC unroll 16
      for (std::size_t o = 0; o < kOuter; ++o) {
        const V factor = outer(o);
#pragma GCC unroll 16
        for (std::size_t i = 0; i < kInner; ++i) sum(o, i) = fma(factor, held[i], sum(o, i));
      }
    }
  };

  // All rows at outputs [vector, vector + kVectors): `taller` tiles of kRows, then tiles one row lower.
  template <std::size_t kRows, std::size_t kVectors>
  static void column(const Chains& chains, std::size_t taller, std::size_t vector) {
    std::size_t row = 0;
    for (; row < taller * kRows; row += kRows) Tile<kRows, kVectors>::compute(chains, row, vector);
    if constexpr (kRows > 1) {
      for (; row < chains.rows; row += kRows - 1) Tile<kRows - 1, kVectors>::compute(chains, row, vector);
    }
  }

  // Columns of outputs outside, so that their weights stay in the first cache for all the rows.
  template <std::size_t kRows>
  static void columns(const Chains& chains, std::size_t tiles) {
    constexpr std::size_t kVectors = vectors_of(kRows);
    constexpr std::size_t kRest = kVectors < kPerPanel ? kVectors : kPerPanel;
    const std::size_t taller = chains.rows - tiles * (kRows - 1);
    const std::size_t vectors = chains.panels * kPerPanel;
    std::size_t vector = 0;
    for (; vector + kVectors <= vectors; vector += kVectors) column<kRows, kVectors>(chains, taller, vector);
    for (; vector < vectors; vector += kRest) column<kRows, kRest>(chains, taller, vector);
  }

  // From the number of rows to the code for it.
  template <std::size_t kRows = kMostRows>
  static void with_tiles_of(std::size_t rows, const Chains& chains, std::size_t tiles) {
    if constexpr (kRows > 1) {
      if (rows < kRows) return with_tiles_of<kRows - 1>(rows, chains, tiles);
    }
    columns<kRows>(chains, tiles);
  }

  // All of it, in as many tiles as needed, of as even heights as possible.
  static void chains(const Chains& chains) {
    if (chains.rows == 0) return;
    const std::size_t tiles = (chains.rows + kMostRows - 1) / kMostRows;
    with_tiles_of((chains.rows + tiles - 1) / tiles, chains, tiles);
  }
};

}  // namespace driftcast
