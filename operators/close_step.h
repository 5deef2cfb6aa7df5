// Close step: what happens when a user's step is over. Models learn its count and forecast the steps to come.
#pragma once

#include <string_view>

#include "operators/fold_user.h"

namespace driftcast {

// Closes user.next_step, or, after dormancy, the first open step. Appends one StepClosed, and a drift signal when the
// volume changed. Cost: about a microsecond; a few more when a forecast is due.
void close_step(UserState& user, std::string_view name, FoldContext& context, FoldOutputs& out);

// True when a forecast is published after a step that ends `silence` empty steps (0: a step with events).
bool forecast_due(std::uint32_t silence, int dormant_after);

}  // namespace driftcast
