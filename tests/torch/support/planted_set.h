// A training set whose truth is known: what the level alone cannot forecast, and the rows give away.
#pragma once

#include <cstdint>

#include "models/trainer.h"

namespace driftcast {

// Users of `steps` steps each, horizons of 1 and 7 steps. Events double every week for four weeks and start anew; a step
// with a cart is followed by a purchase nine times out of ten, others hardly ever; shares turn around. Outcomes known
// before three fifths of the steps train, those before four fifths validate, the others test.
TrainingSet planted_set(std::size_t users, std::size_t steps, std::uint64_t seed);

}  // namespace driftcast
