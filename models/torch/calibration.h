// Platt scaling: what a head says of a yes-or-no outcome, made honest by a line. J. Platt, "Probabilistic outputs for
// support vector machines" (1999); fitted by Newton's method as H.-T. Lin, C.-J. Lin, R. Weng (2007) advise.
#pragma once

#include <span>

namespace driftcast {

// p = sigmoid(slope * logit + offset)
struct Calibration {
  double slope = 1, offset = 0;
};

// The line of the smallest log loss. Outcomes are 0 or 1. Slope 1 and offset 0 where there is too little to learn from (fewer than ten of
// either outcome), or where logits and outcomes do not rise together.
Calibration fit_calibration(std::span<const float> logits, std::span<const float> outcomes);

}  // namespace driftcast
