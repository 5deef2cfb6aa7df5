// The model that a configuration names, ready to run.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"
#include "models/model_set.h"
#include "models/network_weights.h"

namespace driftcast {

struct LoadedModel {
  ModelSet models;
  std::vector<std::string> notes;  // what is not an error and should be known: a sentence each
};

// Makes the network that runs: cpu_network, or TorchLibrary's. `horizons` are the configuration's.
using MakeNetwork =
    std::function<Result<std::unique_ptr<Network>>(const NetworkWeights& weights, std::span<const int> horizons)>;

// `dir` empty: the shipped priors. `horizons` and `step` are the configuration's. Errors: those of read_model and of
// `make`; kConfig: the model is for steps of another width.
Result<LoadedModel> load_model(const std::string& dir, std::span<const int> horizons, Duration step,
                               const MakeNetwork& make);

// Likewise, with the network on the CPU.
Result<LoadedModel> load_model(const std::string& dir, std::span<const int> horizons, Duration step);

}  // namespace driftcast
