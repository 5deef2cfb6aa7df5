// The matrix product in bfloat16: what it means, and that the tiles of AMX, where there are some, give the twin's bits.
#include "models/bfloat_kernel.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace driftcast {
namespace {

double value_of(std::uint16_t number) {
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(number) << 16));
}

// Rows of two operands, as the layers have them: some inputs, and as many of h as there are outputs by four.
struct Product {
  std::size_t rows, inputs, hidden, blocks;
  std::vector<float> first, second, start;
  std::vector<std::uint16_t> weights;

  Product(std::size_t so_many, std::size_t of_inputs, std::size_t of_hidden, std::uint64_t seed)
      : rows(so_many), inputs(of_inputs), hidden(of_hidden), blocks(bfloat_blocks(inputs) + bfloat_blocks(hidden)) {
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal;
    const auto draw = [&](std::vector<float>& numbers, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) numbers.push_back(normal(random));
    };
    draw(first, rows * inputs);
    draw(second, rows * hidden);
    draw(start, outputs());
    for (std::size_t i = 0; i < outputs() * blocks * kBfloatDepth; ++i) weights.push_back(bfloat_of(normal(random)));
  }

  std::size_t outputs() const { return 4 * hidden; }

  std::vector<float> computed_by(void (*chains)(const BfloatChains&)) const {
    std::vector<float> out(rows * outputs());
    chains({.rows = rows,
            .panels = outputs() / kBfloatPanel,
            .first = {first.data(), inputs, inputs},
            .second = {second.data(), hidden, hidden},
            .weights = weights.data(),
            .panel_stride = blocks * kBfloatBlock,
            .start = start.data(),
            .start_stride = 0,
            .out = out.data(),
            .out_stride = outputs()});
    return out;
  }

  // In doubles, of the rounded numbers.
  double exactly(std::size_t row, std::size_t output) const {
    double sum = static_cast<double>(start[output]);
    const std::uint16_t* panel = weights.data() + output / kBfloatPanel * blocks * kBfloatBlock;
    const auto add = [&](const float* x, std::size_t depth, std::size_t block) {
      for (std::size_t k = 0; k < depth; ++k) {
        const std::size_t pair = (block * kBfloatDepth + k) / 2 * kBfloatPanel + output % kBfloatPanel;
        sum += value_of(bfloat_of(x[k])) * value_of(panel[pair * 2 + k % 2]);
      }
    };
    add(first.data() + row * inputs, inputs, 0);
    add(second.data() + row * hidden, hidden, bfloat_blocks(inputs));
    return sum;
  }
};

TEST(BfloatKernel, RoundsToTheNearestAndTiesToEven) {
  const auto bits = [](float number) { return static_cast<double>(value_of(bfloat_of(number))); };
  EXPECT_EQ(bits(1), 1);
  EXPECT_EQ(bits(1 + 0x1p-7F), 1 + 0x1p-7);
  EXPECT_EQ(bits(1 + 0x1p-8F), 1) << "a tie, down to even";
  EXPECT_EQ(bits(1 + 3 * 0x1p-8F), 1 + 2 * 0x1p-7) << "a tie, up to even";
  EXPECT_EQ(bits(1 + 0x1.8p-8F), 1 + 0x1p-7);
  EXPECT_EQ(bits(-3.1415927F), -3.140625);
}

TEST(BfloatKernel, SumsTheProductsOfTheRoundedNumbers) {
  const Product product(5, 24, 40, 1);
  const std::vector<float> out = product.computed_by(bfloat_chains_portable);
  for (std::size_t r = 0; r < product.rows; ++r) {
    for (std::size_t n = 0; n < product.outputs(); ++n) {
      ASSERT_NEAR(out[r * product.outputs() + n], product.exactly(r, n), 1e-4);
    }
  }
}

TEST(BfloatKernel, CountsWhatIsTooSmallToBeNormalAsZero) {
  Product product(1, 24, 8, 1);
  const float tiny = std::numeric_limits<float>::min();
  std::fill(product.first.begin(), product.first.end(), tiny);
  std::fill(product.second.begin(), product.second.end(), tiny / 2);
  std::fill(product.start.begin(), product.start.end(), tiny / 4);
  std::fill(product.weights.begin(), product.weights.end(), bfloat_of(0.5F));
  for (const float sum : product.computed_by(bfloat_chains_portable)) EXPECT_EQ(sum, 0);
}

TEST(BfloatKernel, TheTilesGiveTheTwinsBits) {
  if (!has_amx()) GTEST_SKIP() << "this processor has no AMX";
  for (const std::size_t rows : {1U, 7U, 16U, 17U, 48U}) {
    const Product product(rows, 24, 128, rows);
    EXPECT_EQ(product.computed_by(bfloat_chains_amx), product.computed_by(bfloat_chains_portable)) << rows;
  }
}

}  // namespace
}  // namespace driftcast
