#include "config/json_writer.h"

#include <cmath>

#include "config/units.h"

namespace driftcast {
namespace {

template <class Number>
std::string number_text(Number value) {
  if (!std::isfinite(value)) return "null";
  if (value == 0 && std::signbit(value)) return "-0.0";  // -0 would be read as the whole number
  return format_number(value);
}

}  // namespace

std::string json_string(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "\"";
  for (char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted.append({'\\', c});
    } else if (code < 0x20) {
      quoted.append("\\u00").append({kHex[code >> 4], kHex[code & 15]});
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string json_number(float value) { return number_text(value); }
std::string json_number(double value) { return number_text(value); }

std::string json_text(const Value& value) {
  std::string text;
  switch (value.shape) {
    case Shape::kNull: return "null";
    case Shape::kBoolean:
    case Shape::kNumber: return value.text;
    case Shape::kString: return json_string(value.text);
    case Shape::kList:
      for (const Value& item : value.items) text += (text.empty() ? "" : ",") + json_text(item);
      return "[" + text + "]";
    case Shape::kObject:
      for (const auto& [key, member] : value.members) {
        text += (text.empty() ? "" : ",") + json_string(key) + ":" + json_text(member);
      }
      return "{" + text + "}";
  }
  return text;
}

}  // namespace driftcast
