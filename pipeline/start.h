// Where a group begins that has committed nothing yet, as a person writes it.
#pragma once

#include <string>

#include "core/result.h"
#include "pipeline/options.h"

namespace driftcast {

// Reads "earliest", "latest" or a time: RFC 3339 with zone, or epoch milliseconds. Fails with kConfig.
Result<Start> parse_start(const std::string& text);

}  // namespace driftcast
