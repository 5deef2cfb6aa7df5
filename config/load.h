// Reads the settings: defaults, then the file, then the overrides. Everything that is wrong is reported at once.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/problem.h"
#include "config/settings.h"
#include "config/substitute.h"

namespace driftcast {

struct Loaded {
  Settings settings;              // to be used only when there are no problems
  std::vector<Problem> problems;  // in order of the file, then of the overrides, then what does not fit together
};

// `file`: a JSON file, or none for the defaults. `overrides`: "path=value", in order; the last one wins.
Loaded load_settings(const std::optional<std::string>& file, std::span<const std::string> overrides,
                     const Environment& environment);

}  // namespace driftcast
