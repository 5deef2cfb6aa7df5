// Eight lanes, sixteen registers: tiles of up to 6 rows x 16 outputs.
#include "models/lanes_avx2.h"
#include "models/lstm_kernel_tiles.h"

namespace driftcast {

const LstmKernel kAvx2Kernel = {Tiles<Lanes8, 12, 6>::chains, cells_over<Lanes8>, widen_over<Lanes8>};

}  // namespace driftcast
