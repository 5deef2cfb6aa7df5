// Explain's picture: a user's activity step by step, the forecast behind it with its interval, and below, on the same
// axis of time, how the shares of the main interests moved and, where forecasts tell them, the probabilities of a
// purchase and of churn. Drifts are marked on the axis.
//
// A column is one step or several, so that history and forecast fit; bars and forecast are events per step. For each
// horizon the forecast is drawn as the average over the horizon, up to where the next shorter one ends.
#pragma once

#include <string>

#include "pipeline/explain/trajectory.h"
#include "pipeline/terminal.h"

namespace driftcast {

// Lines of at most `terminal.columns` columns (40 at least). The same trajectory gives the same picture.
std::string draw_picture(const Trajectory& trajectory, const Activity& activity, const Terminal& terminal);

}  // namespace driftcast
