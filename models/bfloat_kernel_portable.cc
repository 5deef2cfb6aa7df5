// What the tiles compute, one number at a time.
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "models/bfloat_kernel.h"

namespace driftcast {

namespace {

float flushed(float number) {
  return std::abs(number) < std::numeric_limits<float>::min() ? std::copysign(0.0F, number) : number;
}

float widened(std::uint16_t number) { return std::bit_cast<float>(static_cast<std::uint32_t>(number) << 16); }

// The sum of one block: of the inputs x[0, depth), with the weights of an output.
float block_sum(const float* x, std::size_t depth, const std::uint16_t* weights) {
  float sums[2] = {0, 0};  // of the even and the odd inputs
  for (std::size_t k = 0; k < kBfloatDepth; ++k) {
    const float input = k < depth ? flushed(widened(bfloat_of(x[k]))) : 0.0F;
    const float weight = flushed(widened(weights[k / 2 * kBfloatPanel * 2 + k % 2]));
    sums[k % 2] = flushed(std::fma(input, weight, sums[k % 2]));
  }
  return flushed(sums[0] + sums[1]);
}

}  // namespace

std::uint16_t bfloat_of(float number) {
  const auto bits = std::bit_cast<std::uint32_t>(number);
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

void bfloat_chains_portable(const BfloatChains& chains) {
  for (std::size_t r = 0; r < chains.rows; ++r) {
    for (std::size_t n = 0; n < chains.panels * kBfloatPanel; ++n) {
      const std::uint16_t* weights = chains.weights + n / kBfloatPanel * chains.panel_stride + n % kBfloatPanel * 2;
      float sum = flushed(chains.start[r * chains.start_stride + n]);
      for (const Operand* operand : std::array{&chains.first, &chains.second}) {
        for (std::size_t k = 0; k < operand->depth; k += kBfloatDepth, weights += kBfloatBlock) {
          const float* x = operand->rows + r * operand->stride + k;
          sum = flushed(sum + block_sum(x, operand->depth - k, weights));
        }
      }
      chains.out[r * chains.out_stride + n] = sum;
    }
  }
}

}  // namespace driftcast
