// Appending JSON to a string: what the output path needs and no more. Hot, so ours; the schemas in config/schemas judge it.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace driftcast {

// Appends text as a JSON string. The text must be UTF-8.
void append_json_string(std::string& out, std::string_view text);

// Shortest form that reads back to the same float; values beyond float's range are clamped, never "inf" or "nan".
void append_json_number(std::string& out, double value);

// Shortest form that reads back to the same double: sums of money. The value must be finite.
void append_json_double(std::string& out, double value);

inline void append_json_number(std::string& out, std::int64_t value) {
  char text[24];
  out.append(text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value).ptr - text));
}

bool is_utf8(std::string_view bytes);
std::string base64(std::string_view bytes);

}  // namespace driftcast
