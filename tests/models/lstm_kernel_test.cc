#include "models/lstm_kernel.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "models/cpu_network.h"
#include "models/half.h"

namespace driftcast {
namespace {

// The kernels of this machine, beside the portable one.
std::vector<const LstmKernel*> fast_kernels() {
  std::vector<const LstmKernel*> kernels;
  if (has(Instructions::kAvx2)) kernels.push_back(&kAvx2Kernel);
  if (has(Instructions::kAvx512)) kernels.push_back(&kAvx512Kernel);
  return kernels;
}

std::vector<std::uint32_t> bits_of(const std::vector<float>& floats) {
  std::vector<std::uint32_t> bits;
  for (const float value : floats) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

std::vector<float> drawn(std::size_t count, std::mt19937_64& random) {
  std::normal_distribution<float> normal;
  std::vector<float> floats(count);
  for (float& value : floats) value = normal(random);
  return floats;
}

struct Product {
  std::size_t rows, panels, first, second;

  std::vector<float> with(const LstmKernel& kernel) const {
    std::mt19937_64 random(7);
    const auto a = drawn(rows * first, random), b = drawn(rows * second, random);
    const auto weights = drawn(panels * (first + second) * kPanel, random), start = drawn(panels * kPanel, random);
    std::vector<float> out(rows * panels * kPanel);
    kernel.chains({.rows = rows,
                   .panels = panels,
                   .first = {a.data(), first, first},
                   .second = {b.data(), second, second},
                   .weights = weights.data(),
                   .panel_stride = (first + second) * kPanel,
                   .start = start.data(),
                   .start_stride = 0,
                   .out = out.data(),
                   .out_stride = panels * kPanel});
    return out;
  }
};

TEST(LstmKernel, ProductsOfEveryNumberOfRowsAndPanelsHaveTheSameBits) {
  for (const LstmKernel* kernel : fast_kernels()) {
    for (std::size_t rows = 0; rows <= 40; ++rows) {
      for (const std::size_t panels : {1U, 2U, 3U, 5U, 9U}) {
        const Product product{rows, panels, 5, 8};
        ASSERT_EQ(bits_of(product.with(*kernel)), bits_of(product.with(kPortableKernel))) << rows << ' ' << panels;
      }
    }
  }
}

TEST(LstmKernel, AProductBegunOverOneOperandAndContinuedOverTheOtherIsTheSameChain) {
  std::mt19937_64 random(3);
  constexpr std::size_t kRows = 13, kDepth = 24, kHidden = 16, kPanels = 2, kOutputs = kPanels * kPanel;
  const auto x = drawn(kRows * kDepth, random), h = drawn(kRows * kHidden, random);
  const auto weights = drawn(kPanels * (kDepth + kHidden) * kPanel, random), bias = drawn(kOutputs, random);
  for (const LstmKernel* kernel : fast_kernels()) {
    std::vector<float> whole(kRows * kOutputs), parts(kRows * kOutputs);
    Chains chains{.rows = kRows,
                  .panels = kPanels,
                  .first = {x.data(), kDepth, kDepth},
                  .second = {h.data(), kHidden, kHidden},
                  .weights = weights.data(),
                  .panel_stride = (kDepth + kHidden) * kPanel,
                  .start = bias.data(),
                  .start_stride = 0,
                  .out = whole.data(),
                  .out_stride = kOutputs};
    kernel->chains(chains);
    chains.out = parts.data();
    chains.second = {};
    kernel->chains(chains);
    chains.first = {};
    chains.second = {h.data(), kHidden, kHidden};
    chains.weights += kDepth * kPanel;
    chains.start = parts.data();
    chains.start_stride = kOutputs;
    kernel->chains(chains);
    EXPECT_EQ(bits_of(parts), bits_of(whole));
  }
}

struct CellsAfter {
  std::vector<std::uint16_t> state;
  std::vector<std::uint32_t> h;
  friend bool operator==(const CellsAfter&, const CellsAfter&) = default;
};

CellsAfter cells_after(const LstmKernel& kernel, std::size_t hidden, const std::vector<float>& gates) {
  const std::size_t rows = gates.size() / (4 * hidden);
  std::mt19937_64 random(5);
  CellsAfter after;
  for (std::size_t i = 0; i < rows * 2 * hidden; ++i) {
    after.state.push_back(from_float(static_cast<float>(random() % 2000) / 100 - 10).bits);
  }
  std::vector<std::uint16_t*> states;
  for (std::size_t r = 0; r < rows; ++r) states.push_back(after.state.data() + r * 2 * hidden);
  std::vector<float> h(rows * hidden);
  kernel.cells({.rows = rows,
                .hidden = hidden,
                .gates = gates.data(),
                .gates_stride = 4 * hidden,
                .state = states.data(),
                .state_offset = 0,
                .h = h.data(),
                .h_stride = hidden});
  after.h = bits_of(h);
  return after;
}

TEST(LstmKernel, CellsOfEveryWidthHaveTheSameBits) {
  std::mt19937_64 random(11);
  for (const std::size_t hidden : {8U, 16U, 24U, 40U, 128U}) {
    std::vector<float> gates = drawn(50 * 4 * hidden, random);
    for (float& gate : gates) gate *= 6;
    for (const LstmKernel* kernel : fast_kernels()) {
      ASSERT_EQ(cells_after(*kernel, hidden, gates), cells_after(kPortableKernel, hidden, gates)) << hidden;
    }
  }
}

TEST(LstmKernel, CellsOfGatesOfAnyBitPatternHaveTheSameBits) {
  std::mt19937_64 random(13);
  std::vector<float> gates(2000 * 4 * 24);
  for (float& gate : gates) gate = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
  const CellsAfter slow = cells_after(kPortableKernel, 24, gates);
  for (const LstmKernel* kernel : fast_kernels()) ASSERT_EQ(cells_after(*kernel, 24, gates), slow);
}

TEST(LstmKernel, AllHalvesWidenToTheSameFloats) {
  std::vector<std::uint16_t> halves;
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) halves.push_back(static_cast<std::uint16_t>(bits));
  halves.resize(halves.size() + 8);  // not whole lanes of sixteen
  std::vector<float> slow(halves.size()), fast(halves.size());
  kPortableKernel.widen(halves.data(), slow.data(), halves.size());
  for (const LstmKernel* kernel : fast_kernels()) {
    kernel->widen(halves.data(), fast.data(), halves.size());
    EXPECT_EQ(bits_of(fast), bits_of(slow));
  }
}

}  // namespace
}  // namespace driftcast
