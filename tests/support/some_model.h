// A model directory's content with a network that says something and counts in the joint forecast from the first day.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/model_files.h"
#include "tests/support/some_network.h"

namespace driftcast {

// The shipped priors, their experts a little less believed, and a small network of this seed; for steps of a day.
inline ModelFiles some_model(std::vector<int> horizons, std::uint64_t seed = 1) {
  ModelFiles files{default_models(), some_network(16, 2, std::move(horizons), seed), 86'400'000, "{}"};
  files.models.id = "network-" + std::to_string(seed);
  for (ModelSet::Segment& segment : files.models.segments) {
    for (ExpertForecasts& weights : segment.weights) {
      for (float& weight : weights) weight *= 0.7F;
      weights[static_cast<std::size_t>(Expert::kNetwork)] = 0.3F;
    }
  }
  return files;
}

}  // namespace driftcast
