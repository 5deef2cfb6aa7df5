// The kernel's matrix product in bfloat16, as the tiles of AMX compute it (Intel's Software Developer's Manual,
// TDPBF16PS), and a portable twin with the same bits for processors without it.
//
// Inputs and weights are rounded to bfloat16, to the nearest, ties to even. Products are summed in floats, by blocks of
// 32 inputs: of a block the even and the odd inputs make a chain each, which begin at zero and are added to one another,
// and then to what was there. Numbers too small to be normal count as zero. The block's sums depend on nothing else, so
// an output depends neither on the batch nor on its place in it.
//
// Plain pointers on purpose, as in models/lstm_kernel.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "models/lstm_kernel.h"

namespace driftcast {

inline constexpr std::size_t kBfloatDepth = 32;        // inputs of a block
inline constexpr std::size_t kBfloatPanel = 16;        // outputs whose weights lie side by side
inline constexpr std::size_t kBfloatMostDepth = 1024;  // of both operands
inline constexpr std::size_t kBfloatBlock = kBfloatDepth * kBfloatPanel;

constexpr std::size_t bfloat_blocks(std::size_t depth) { return (depth + kBfloatDepth - 1) / kBfloatDepth; }

// out[r][n] = start[r][n] + sums of the blocks of `first`, then of `second`, whose depths are filled up with zeros.
// Weights of a panel are [blocks][16 pairs of inputs][16 outputs][2], panels are `panel_stride` numbers apart.
// `start` may be `out`; start_stride 0: the same for all rows.
using BfloatChains = ChainsOf<std::uint16_t>;

void bfloat_chains_portable(const BfloatChains& chains);
void bfloat_chains_amx(const BfloatChains& chains);  // only with has_amx()

// Whether processor and operating system have AMX with bfloat16; asks the system for it the first time.
bool has_amx();

// Rounded; of a finite number.
std::uint16_t bfloat_of(float number);

}  // namespace driftcast
