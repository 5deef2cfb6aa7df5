// The model card: where a model comes from and how good it is, as the JSON object that model.json carries.
#pragma once

#include <cstddef>
#include <string>

#include "pipeline/evaluation/training_report.h"
#include "pipeline/training/train_model.h"

namespace driftcast {

// The rows that the network learned from, and the share of the users that they are of.
struct TrainingRowsKept {
  std::size_t rows = 0;
  double kept = 1;
};

std::string model_card(const TrainJob& job, const TrainingReport& report, const TrainingRowsKept& rows,
                       const std::string& library);

}  // namespace driftcast
