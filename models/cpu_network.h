// The network on a CPU: our own fused kernel. Weights are packed once; each output is one chain of fused multiply-adds
// in the order of k, whatever the batch, so a user's bits depend on nothing but the user's rows.
//
// A carried state is h [H] and c [H] of the first layer, then those of the next. Both are rounded to half as soon as
// they are computed: tanh(c') sees the rounded c', the next layer and the heads see the rounded h'. A feature that is
// not a number counts as its mean, one that is infinite as kLargestInput, so a state is always finite.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "core/result.h"
#include "models/network.h"
#include "models/network_weights.h"

namespace driftcast {

// What the layers' matrix products are computed in. kBfloat16 gives other bits, the same on every processor: with AMX it
// is fast, without it a slow twin serves (models/bfloat_kernel.h). The heads stay with float32.
enum class Precision { kFloat32, kBfloat16 };

// All give the same bits. kPortable is the slow, obvious twin.
enum class Instructions { kPortable, kAvx2, kAvx512 };

constexpr std::string_view name(Instructions instructions) {
  return instructions == Instructions::kPortable ? "portable" : instructions == Instructions::kAvx2 ? "avx2" : "avx512";
}

// Whether this processor (and its operating system) has them; and the best that it has.
bool has(Instructions instructions);
Instructions best_instructions();

// `horizons` are the configuration's, in steps: forecasts come by their slots; those that the network does not know are
// not available. The processor must have the instructions. kData: the weights have a fault (fault_of).
Result<std::unique_ptr<Network>> cpu_network(const NetworkWeights& weights, std::span<const int> horizons,
                                             Instructions instructions = best_instructions(),
                                             Precision precision = Precision::kFloat32);

}  // namespace driftcast
