// The network's inner loops, once for each set of instructions; all give the same bits. Plain pointers on purpose: the
// files that implement it are compiled for processors that the rest of the program does not ask for, and may share no
// inline function with it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace driftcast {

inline constexpr std::size_t kPanel = 32;      // outputs whose weights lie side by side
inline constexpr std::size_t kLineBytes = 64;  // weights are aligned to it

// Rows of inputs to a matrix product: `depth` floats each, `stride` floats apart. depth 0: none.
struct Operand {
  const float* rows = nullptr;
  std::size_t stride = 0, depth = 0;
};

// out[r][n] = start[r][n] + sum over k of first[r][k] w[k][n], then of second[r][k] w[k][n]: one chain of fused
// multiply-adds in this order. Outputs come in panels: w of a panel is [first.depth + second.depth][kPanel], panels are
// `panel_stride` floats apart. `start` may be `out`; start_stride 0: the same for all rows.
template <class Weight>
struct ChainsOf {
  std::size_t rows = 0, panels = 0;
  Operand first, second;
  const Weight* weights = nullptr;
  std::size_t panel_stride = 0;
  const float* start = nullptr;
  std::size_t start_stride = 0;
  float* out = nullptr;
  std::size_t out_stride = 0;
};
using Chains = ChainsOf<float>;

// The gates' activations and the new state (lstm_cell of models/vector_math.h). gates[r] is i, f, g, o [hidden] each;
// hidden is a multiple of 8. state[r] is h, c [hidden] each, in half precision: c is replaced, h is only written, and
// once more into h[r] as floats.
struct Cells {
  std::size_t rows = 0, hidden = 0;
  const float* gates = nullptr;
  std::size_t gates_stride = 0;
  std::uint16_t* const* state = nullptr;
  std::size_t state_offset = 0;  // of this layer, in halves
  float* h = nullptr;
  std::size_t h_stride = 0;
};

struct LstmKernel {
  void (*chains)(const Chains& chains);
  void (*cells)(const Cells& cells);
  void (*widen)(const std::uint16_t* halves, float* floats, std::size_t count);  // count: a multiple of 8
};

extern const LstmKernel kPortableKernel;
extern const LstmKernel kAvx2Kernel;
extern const LstmKernel kAvx512Kernel;

}  // namespace driftcast
