// The tiles themselves: 16 rows x 32 inputs by 32 inputs x 16 outputs an instruction. Compiled for AMX: include nothing
// here that has inline functions of the standard library or of ours, lest the linker give them to everybody.
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "models/bfloat_kernel.h"

namespace driftcast {

namespace {

constexpr std::size_t kTileRows = 16;

struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

// Tile 0: sums, 1: inputs, 2: weights.
void configure(std::size_t rows) {
  TileConfig config;
  config.row_bytes[0] = config.row_bytes[1] = config.row_bytes[2] = 64;
  config.rows[0] = config.rows[1] = static_cast<std::uint8_t>(rows);
  config.rows[2] = 16;
  _tile_loadconfig(&config);
}

// Appends the blocks of an operand's rows, rounded: [blocks][rows][32].
std::uint16_t* append_rounded(const Operand& operand, std::size_t row, std::size_t rows, std::uint16_t* to) {
  for (std::size_t k = 0; k < operand.depth; k += kBfloatDepth) {
    for (std::size_t r = 0; r < rows; ++r) {
      const float* x = operand.rows + (row + r) * operand.stride;
      for (std::size_t i = 0; i < kBfloatDepth; ++i) *to++ = k + i < operand.depth ? bfloat_of(x[k + i]) : 0;
    }
  }
  return to;
}

}  // namespace

void bfloat_chains_amx(const BfloatChains& chains) {
  alignas(64) std::uint16_t inputs[kTileRows * kBfloatMostDepth];
  for (std::size_t row = 0; row < chains.rows; row += kTileRows) {
    const std::size_t rows = chains.rows - row < kTileRows ? chains.rows - row : kTileRows;
    const std::uint16_t* end =
        append_rounded(chains.second, row, rows, append_rounded(chains.first, row, rows, inputs));
    configure(rows);
    for (std::size_t panel = 0; panel < chains.panels; ++panel) {
      const std::size_t n = panel * kBfloatPanel;
      const std::uint16_t* weights = chains.weights + panel * chains.panel_stride;
      _tile_loadd(0, chains.start + row * chains.start_stride + n, chains.start_stride * sizeof(float));
      for (const std::uint16_t* x = inputs; x != end; x += rows * kBfloatDepth, weights += kBfloatBlock) {
        _tile_loadd(1, x, 64);
        _tile_loadd(2, weights, 64);
        _tile_dpbf16ps(0, 1, 2);
      }
      _tile_stored(0, chains.out + row * chains.out_stride + n, chains.out_stride * sizeof(float));
    }
  }
  _tile_release();
}

bool has_amx() {
  static const bool has = [] {
    constexpr unsigned kBfloat16 = 1U << 22, kTile = 1U << 24;   // leaf 7, EDX
    constexpr long kRequestPermission = 0x1023, kTileData = 18;  // of arch_prctl(2)
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
    if ((d & kBfloat16) == 0 || (d & kTile) == 0) return false;
    return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return has;
}

}  // namespace driftcast
