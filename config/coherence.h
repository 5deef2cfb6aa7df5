// What single fields cannot show: settings that contradict each other.
#pragma once

#include <vector>

#include "config/problem.h"
#include "config/settings.h"

namespace driftcast {

// Adds to `problems`. A field that already has a problem is not compared: its value is not what was meant.
void check_coherence(const Settings& settings, std::vector<Problem>& problems);

}  // namespace driftcast
