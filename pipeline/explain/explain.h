// Explain: one user's outputs as a person reads them.
#pragma once

#include <string>

#include "pipeline/explain/trajectory.h"
#include "pipeline/terminal.h"

namespace driftcast {

// The picture, and in words what it shows.
std::string portrait(const Trajectory& trajectory, const Terminal& terminal);

// The portrait, then tables: the last forecasts, purchase and churn, the parts and weights of the joint forecast (each
// when it was published), the interests, the drifts.
std::string explain(const Trajectory& trajectory, const Terminal& terminal);

}  // namespace driftcast
