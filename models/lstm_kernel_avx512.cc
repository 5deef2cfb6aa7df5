// Sixteen lanes, 32 registers: tiles of up to 12 rows x 32 outputs. Compiled for AVX-512: include nothing here that has
// inline functions of the standard library or of ours, lest the linker give them to everybody.
#include "models/lanes_avx512.h"
#include "models/lstm_kernel_tiles.h"

namespace driftcast {

const LstmKernel kAvx512Kernel = {Tiles<Lanes16, 24, 12>::chains, cells_over<Lanes16>, widen_over<Lanes16>};

}  // namespace driftcast
