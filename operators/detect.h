// Detect: notices that a user's interest has changed, by mix (which categories) or by volume (how much).
//
// Mix, per event: an e-detector on a Dirichlet-multinomial likelihood ratio, recent against reference counts, both with
// a prior of total weight 5 shaped like the crowd's recent popularity. Only the first event of a category in a session
// counts. Volume, per closed step: the same on negative-binomial likelihoods of the step's count, fast against slow
// level. A statistic over the run length raises `alarm` and starts anew; once alarmed, the user becomes `confirmed`
// when e-BH over the partition's monitored users rejects it, which also makes the old reference fade.
// An alarm that is not confirmed within kAlarmMemory observations lapses; a confirmed drift is over after as many.
// Source: Shin, Ramdas, Rinaldo, "E-detectors" (2022); Wang, Ramdas, "False discovery rate control with e-values" (2022).
#pragma once

#include <optional>
#include <string_view>

#include "core/drift_signal.h"
#include "core/event.h"
#include "operators/options.h"
#include "operators/population.h"
#include "operators/user_state.h"

namespace driftcast {

inline constexpr std::uint32_t kAlarmMemory = 200;

// To be called before the event's masses are added; `slot` is its category's, or kNoSlot.
// Returns the stage reached just now, if any.
std::optional<DriftStage> detect_mix(UserState& user, std::string_view name, const Event& event, int slot,
                                     const DriftOptions& options, Population& population);

// To be called before the experts learn the step's count `y`.
std::optional<DriftStage> detect_volume(UserState& user, double y, EventTime at, const DriftOptions& options);

// The signal for a stage just reached, and what follows from it for the user's state. Call after the masses are added.
DriftSignal raise(UserState& user, DriftKind kind, DriftStage stage, EventTime at, Step step);

// The stronger of the two verdicts; the later one when they are alike.
DriftStatus drift_status(const UserState& user);

}  // namespace driftcast
