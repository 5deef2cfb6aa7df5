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
  ModelFiles files{priors_beside_a_network(), some_network(16, 2, std::move(horizons), seed), 86'400'000, "{}"};
  files.models.id = "network-" + std::to_string(seed);
  return files;
}

}  // namespace driftcast
