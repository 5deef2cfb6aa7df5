// Training: epochs over a set until the validation loss no longer falls, then calibrated probabilities.
#pragma once

#include <optional>

#include "core/result.h"
#include "models/trainer.h"

namespace driftcast {

// As TorchLibrary::train says. LibTorch's exceptions pass through. kConfig: options out of bounds, or a checkpoint of
// another network; kData: what flatten refuses, or a loss that is not a number any more; kRestart: stopped.
Result<Trained> train_network(const TrainingSet& set, const TrainingOptions& options,
                              const std::optional<Checkpoint>& from, const TrainingWatch& watch);

}  // namespace driftcast
