// Values as JSON text: what is written reads back as the same value, to the last bit.
#pragma once

#include <string>
#include <string_view>

#include "config/value.h"

namespace driftcast {

// Text, which must be UTF-8, in quotes.
std::string json_string(std::string_view text);

// The shortest number that reads back as the same float or double; null where it is not finite.
std::string json_number(float value);
std::string json_number(double value);

// A document as it was read: members in their order, numbers as they were written, no white space.
std::string json_text(const Value& value);

}  // namespace driftcast
