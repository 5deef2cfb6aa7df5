// Judge: scores the forecasts made earlier for a closed step, learns weights and widths from them, makes the new
// joint forecast.
//
// Pure, like fold: everything depends on the user's ledger, the partition's crowd and the message. Prequential: a
// forecast of h steps teaches h steps after it was made, never before.
//
// Where a network has spoken, its volume is one more expert of the joint forecast, its word on the shares refines them
// (operators/refine_shares.h), and purchase and churn are passed on. The network learns each horizon for itself, but a
// longer one contains the shorter: in the order of the horizons a probability of a purchase is raised to the largest so
// far, one of churn lowered to the least so far.
#pragma once

#include <optional>

#include "core/forecast.h"
#include "core/step_closed.h"
#include "models/model_set.h"
#include "operators/ledger.h"
#include "operators/options.h"

namespace driftcast {

struct JudgeContext {
  const OperatorOptions& options;
  const ModelSet& models;
  Crowd& crowd;
};

// A forecast that has met its outcome: what evaluation wants to see. `slot` is the horizon's place in the options.
struct Matured {
  std::size_t slot = 0;
  PendingForecast forecast;
  double y = 0;  // the sum that came
};

// Takes the user's next closed step. Returns the forecast when one is to be published after it. Steps of a user must
// come in order. `matured`, when given, is told every forecast whose outcome became known.
std::optional<Forecast> judge(Ledger& ledger, const StepClosed& closed, JudgeContext& context,
                              std::vector<Matured>* matured = nullptr);

// The same, for a forecast that nobody will read: the ledger and the crowd learn all the same, but nothing is worded.
// Returns whether one would have been published.
bool judge_silently(Ledger& ledger, const StepClosed& closed, JudgeContext& context);

}  // namespace driftcast
