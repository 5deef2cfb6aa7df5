// ModelFiles: what a model directory holds, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "models/model_set.h"
#include "models/network_weights.h"

namespace driftcast {

struct ModelFiles {
  ModelSet models;  // its `network` is null: what runs is made of the weights
  std::optional<NetworkWeights> network;
  std::int64_t step_ms = 0;  // width of the steps the model was made for
  std::string card = "{}";   // a JSON object: where the model comes from and how good it is
};

}  // namespace driftcast
