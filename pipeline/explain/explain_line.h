// Explain's line: a published record in one line, for a person who watches them go by.
#pragma once

#include <string>

#include "pipeline/explain/explain_parser.h"

namespace driftcast {

// User, type and what matters of it, fit for a terminal; no line feed. `unicode` as in printable().
std::string line_of(const Published& published, bool unicode);

}  // namespace driftcast
