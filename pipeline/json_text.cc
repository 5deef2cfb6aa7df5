#include "pipeline/json_text.h"

#include <algorithm>
#include <limits>

namespace driftcast {

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: (out += "\\u00") += kHex[c >> 4]; out += kHex[c & 15];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void append_json_number(std::string& out, double value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  const auto narrow = static_cast<float>(std::isnan(value) ? 0 : std::clamp(value, -kLargest, kLargest));
  char text[32];
  out.append(text,
             static_cast<std::size_t>(std::to_chars(text, text + sizeof text, narrow == 0 ? 0.0F : narrow).ptr - text));
}

void append_json_double(std::string& out, double value) {
  char text[32];
  out.append(text,
             static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value == 0 ? 0.0 : value).ptr - text));
}

bool is_utf8(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  for (std::size_t i = 0; i < bytes.size();) {
    const unsigned c = byte(i);
    const unsigned next = byte(i + 1);
    if (c < 0x80) {
      i += 1;
    } else if (c >= 0xC2 && c <= 0xDF && follows(i + 1)) {
      i += 2;
    } else if ((c & 0xF0U) == 0xE0U && follows(i + 1) && follows(i + 2) && !(c == 0xE0 && next < 0xA0) &&
               !(c == 0xED && next >= 0xA0)) {
      i += 3;
    } else if (c >= 0xF0 && c <= 0xF4 && follows(i + 1) && follows(i + 2) && follows(i + 3) &&
               !(c == 0xF0 && next < 0x90) && !(c == 0xF4 && next >= 0x90)) {
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j <= bytes.size() ? kDigits[group >> (18 - 6 * j) & 63U] : '=';
    }
  }
  return text;
}

}  // namespace driftcast
