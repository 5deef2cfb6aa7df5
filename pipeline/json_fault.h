// JsonFault: what is wrong with a text that a JSON parser refused, told as precisely as its producer needs it.
#pragma once

#include <string_view>

#include "core/reason.h"

namespace driftcast {

// After a complaint about a number: kNotFinite (NaN, infinities, 1e999), kWrongType (an integer beyond 64 bits), or
// kSyntax (01, 1.). The first such number outside strings decides.
Reason number_fault(std::string_view text);

// After a complaint about a string: kEncoding when an escape is half a surrogate pair, else kSyntax.
Reason string_fault(std::string_view text);

// After a complaint about the structure: kNotFinite when NaN or an infinity stands where a value should, else kSyntax.
Reason structure_fault(std::string_view text);

}  // namespace driftcast
