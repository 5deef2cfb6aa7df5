// The numbers of a network as named tensors, and back:
//   lstm.<layer>.input [4H, F or H], lstm.<layer>.recurrent [4H, H], lstm.<layer>.bias [4H],
//   head.weight [S * kHeadOutputs, H + F], head.bias [S * kHeadOutputs]
#pragma once

#include <string>
#include <vector>

#include "config/safetensors.h"
#include "core/result.h"
#include "models/network_weights.h"

namespace driftcast {

std::vector<Tensor> tensors_of(const NetworkWeights& weights);

// Fills a network that has its sizes, and as many layers as it will have. kData: not exactly these tensors, of exactly
// these shapes, all that is wrong at once; `path` names the file in messages.
Result<void> take_tensors(std::vector<Tensor> tensors, const std::string& path, NetworkWeights& weights);

}  // namespace driftcast
