// Explain's parser: a published record, read back into what it was written from (pipeline/wire.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/drift_signal.h"
#include "core/forecast.h"
#include "core/session.h"

namespace driftcast {

struct Published {
  std::string user;
  std::variant<Forecast, DriftSignal, Session> what;
};

// Absent: the line is no published record, or a required field is missing or not as it should be. What is not
// published stays as it is by default: steps, ordinals, variances. Models that this version does not know are left out.
// `line` has kPadding readable bytes behind it.
std::optional<Published> parse_published(std::string_view line);

}  // namespace driftcast
