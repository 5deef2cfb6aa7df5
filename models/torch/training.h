// Training: two rounds of epochs over a set, with calibrated probabilities.
//
// The first round learns from the training part until the validation loss no longer falls. The second begins from the
// same start and learns from both parts for as many epochs as were best: what is newest says most of what comes, and it
// would be left out otherwise. What the first round's network says of the validation part is honest, so the
// probabilities are calibrated by it (models/torch/calibration.h); the second round's network takes its lines over.
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
