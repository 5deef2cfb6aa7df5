// Reads JSON text into values that know where they were written.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "config/problem.h"
#include "config/value.h"

namespace driftcast {

// The one document in `text`, or the first place where it is not JSON (RFC 8259; no comments, nesting up to 32).
// `name` is the file's, for places.
std::variant<Value, Problem> read_json(std::string_view text, const std::string& name);

}  // namespace driftcast
