// Puts one written value into its place in the settings, if the field table allows it.
#pragma once

#include <string>
#include <vector>

#include "config/fields.h"
#include "config/problem.h"
#include "config/value.h"

namespace driftcast {

// Strings are read as the field's type, so "4" is an integer where one is expected and "7,14" a list. Substitutions are
// done already. What does not fit is added to `problems` and leaves the field as it was.
void assign(const Field& field, const Value& value, Settings& settings, std::vector<Problem>& problems);

}  // namespace driftcast
