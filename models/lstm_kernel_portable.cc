// The slow, obvious twin: one float at a time.
#include "models/lanes_portable.h"
#include "models/lstm_kernel_lanes.h"

namespace driftcast {
namespace {

float chain(const Operand& operand, std::size_t row, const float* weights, float sum) {
  for (std::size_t k = 0; k < operand.depth; ++k) {
    sum = std::fma(operand.rows[row * operand.stride + k], weights[k * kPanel], sum);
  }
  return sum;
}

void chains(const Chains& chains) {
  for (std::size_t row = 0; row < chains.rows; ++row) {
    for (std::size_t n = 0; n < chains.panels * kPanel; ++n) {
      const float* weights = chains.weights + n / kPanel * chains.panel_stride + n % kPanel;
      float sum = chains.start[row * chains.start_stride + n];
      sum = chain(chains.first, row, weights, sum);
      sum = chain(chains.second, row, weights + chains.first.depth * kPanel, sum);
      chains.out[row * chains.out_stride + n] = sum;
    }
  }
}

}  // namespace

const LstmKernel kPortableKernel = {chains, cells_over<Lanes1>, widen_over<Lanes1>};

}  // namespace driftcast
