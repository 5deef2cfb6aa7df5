// The results of an evaluation, as a table for a person and as metrics.json.
#pragma once

#include <string>

#include "pipeline/evaluation/evaluator.h"
#include "pipeline/evaluation/planted.h"

namespace driftcast {

// `planted`: how well the signals tell planted drifts; null: nothing is known of any.
std::string evaluation_table(const Evaluation& evaluation, const PlantedScore* planted);
std::string evaluation_json(const Evaluation& evaluation, const PlantedScore* planted);

// Lowest RMSE (or mean log score) of an expert alone; 0 when nothing was scored.
double best_expert(const HorizonScore& score, double (ColumnScore::*metric)() const);

}  // namespace driftcast
