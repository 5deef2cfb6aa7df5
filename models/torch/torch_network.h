// The network through LibTorch, on its CPU or on a GPU: the meaning of models/cpu_network.h, its bits not promised.
//
// Weights stay on the device. A call borrows a lane (staging memory and streams) for itself; there are as many as calls
// ever ran at once. c10's errors become DeviceLost (models/device_lost.h): the caller goes on with the network on the CPU.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "core/result.h"
#include "models/network.h"
#include "models/network_weights.h"

namespace driftcast {

// As TorchLibrary::network says. kData: the weights have a fault (fault_of). LibTorch's exceptions pass through.
Result<std::unique_ptr<Network>> torch_network(const NetworkWeights& weights, std::span<const int> horizons,
                                               const std::string& device);

}  // namespace driftcast
