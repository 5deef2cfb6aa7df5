// TrainingReport: what came of a training, on one page: what was learned from, how well the model does on data it has
// not seen, beside simpler ones, and what that looks like. As a page for a browser or a printer, as text for a
// terminal, as JSON for the model's card. All three say the same figures; the same report gives the same bytes.
//
// What each figure means is defined where it is computed: evaluator.h (MAE, RMSE, log score), outcome_scores.h (AUC, F1
// and the like), model_scores.h (what is scored), joint_to_best.h, bootstrap.h (intervals of ratios).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/time.h"
#include "models/trainer.h"
#include "pipeline/evaluation/bootstrap.h"
#include "pipeline/evaluation/joint_to_best.h"
#include "pipeline/evaluation/model_scores.h"
#include "pipeline/evaluation/split.h"

namespace driftcast {

// Texts may hold anything; they are escaped.
struct TrainingReport {
  std::string model;  // its id
  std::string data;   // what was learned from: the name of a file
  StepGrid grid;      // turns steps into dates
  Step first = 0;     // of the data; its last is split.last
  Split split;
  std::int64_t events = 0, users = 0;  // in the data
  std::string network;                 // its shape in words, as "LSTM, 2 layers of 128"; empty: none was trained

  std::vector<int> unlearned;  // horizons that the network leaves to the others: the validation part is too short

  std::vector<float> validation_losses;                        // by epoch
  int best_epoch = 0;                                          // as many epochs the model has learned for
  double train_loss = 0, validation_loss = 0, level_loss = 0;  // as Trained's

  ModelResult result;                 // with the model that was made
  std::optional<Evaluation> without;  // the same forecasts by the same model without its network
  // Joint forecast with the network / without it, first horizon, all strata; below 1 the network helps. `rmse_ratio` is
  // of roots: see bootstrap.h.
  std::optional<RatioInterval> rmse_ratio, log_score_ratio;
  std::vector<JointToBest> to_best;  // as joint_to_best() gives them
};

// A page that stands alone: no scripts, nothing to load, pictures inline, light and dark, one sheet of A4 in print.
// Names no user. `result.probabilities` must hold a horizon. Some 40 kB of text.
std::string training_html(const TrainingReport& report);

// For a terminal 100 columns wide.
std::string training_table(const TrainingReport& report);

// An object: "purchase" and "churn" by horizon and, in it, stratum, each beside "baseline"; "volume" by horizon and
// stratum; how the joint forecast stands to its best part and to the one without a network; "coverage"; "training".
// What is not known is left out.
std::string training_card_json(const TrainingReport& report);

// "2026-11-03", with the time of day where steps are shorter than a day.
std::string step_text(const StepGrid& grid, Step step);

// "0.987 of arima (0.971 to 1.003)"; "-" where there is none.
std::string best_part_text(const std::optional<ToBestPart>& to_best);

// The columns of volume that a report compares, with the same forecasts without a network among them where known.
struct VolumeColumn {
  std::string name;
  const ColumnScore* score = nullptr;  // count above zero
};
std::vector<VolumeColumn> volume_columns(const TrainingReport& report, std::size_t slot, std::size_t stratum);

// Share of the first horizon's outcomes, over all strata, that lay within the interval; absent without any.
std::optional<double> coverage(const Evaluation& evaluation);

}  // namespace driftcast
