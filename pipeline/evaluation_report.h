// The results of an evaluation, as a table for a person and as metrics.json.
#pragma once

#include <string>

#include "pipeline/evaluator.h"

namespace driftcast {

std::string evaluation_table(const Evaluation& evaluation);
// `drift`: what is known of planted drifts, as JSON; empty: nothing.
std::string evaluation_json(const Evaluation& evaluation, const std::string& drift);

// Lowest RMSE (or mean log score) of an expert alone; 0 when nothing was scored.
double best_expert(const HorizonScore& score, double (ColumnScore::*metric)() const);

}  // namespace driftcast
