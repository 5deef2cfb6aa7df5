#include "pipeline/json_fault.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace driftcast {
namespace {

constexpr std::string_view kBetween = " \t\r\n,:[]{}";

// Calls `decide` with each bare word (numbers, names) until it answers a reason.
template <class Decide>
Reason first_fault(std::string_view text, Decide decide) {
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\' ? 1 : 0;
      ++i;
    } else if (kBetween.find(text[i]) != std::string_view::npos) {
      ++i;
    } else {
      const std::size_t end = std::min(text.find_first_of(" \t\r\n,:[]{}\"", i), text.size());
      const Reason reason = decide(text.substr(i, end - i));
      if (reason != Reason::kNone) return reason;
      i = end;
    }
  }
  return Reason::kSyntax;
}

bool is_non_number(std::string_view word) {
  if (word.starts_with('-') || word.starts_with('+')) word.remove_prefix(1);
  constexpr std::array<std::string_view, 6> kNames = {"NaN", "nan", "Infinity", "infinity", "Inf", "inf"};
  return std::find(kNames.begin(), kNames.end(), word) != kNames.end();
}

std::size_t digits(std::string_view word, std::size_t from) {
  std::size_t n = 0;
  while (from + n < word.size() && word[from + n] >= '0' && word[from + n] <= '9') ++n;
  return n;
}

// As JSON writes numbers; tells integers from others.
bool is_json_number(std::string_view word, bool& integer) {
  std::size_t at = word.starts_with('-') ? 1 : 0;
  const std::size_t whole = digits(word, at);
  if (whole == 0 || (whole > 1 && word[at] == '0')) return false;
  at += whole;
  integer = at == word.size();
  if (at < word.size() && word[at] == '.') {
    const std::size_t fraction = digits(word, at + 1);
    if (fraction == 0) return false;
    at += 1 + fraction;
  }
  if (at < word.size() && (word[at] == 'e' || word[at] == 'E')) {
    ++at;
    if (at < word.size() && (word[at] == '+' || word[at] == '-')) ++at;
    const std::size_t exponent = digits(word, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == word.size();
}

template <class Number>
bool out_of_range(std::string_view word) {
  Number number{};
  return std::from_chars(word.data(), word.data() + word.size(), number).ec == std::errc::result_out_of_range;
}

Reason fault_of_number(std::string_view word) {
  if (is_non_number(word)) return Reason::kNotFinite;
  bool integer = false;
  if (!is_json_number(word, integer)) return Reason::kNone;
  if (integer) {
    const bool fits = !out_of_range<std::int64_t>(word) || (word[0] != '-' && !out_of_range<std::uint64_t>(word));
    return fits ? Reason::kNone : Reason::kWrongType;
  }
  const bool tiny = word.find("e-") != std::string_view::npos || word.find("E-") != std::string_view::npos;
  return !tiny && out_of_range<double>(word) ? Reason::kNotFinite : Reason::kNone;
}

// The four hexadecimal digits of an escape like \ud83d; -1: they are not.
int code_unit(std::string_view text, std::size_t backslash) {
  int unit = 0;
  if (text.size() < backslash + 6 || text[backslash] != '\\' || text[backslash + 1] != 'u') return -1;
  const char* begin = text.data() + backslash + 2;
  const auto [end, failure] = std::from_chars(begin, begin + 4, unit, 16);
  return failure == std::errc() && end == begin + 4 ? unit : -1;
}

bool is_high(int unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low(int unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

}  // namespace

Reason number_fault(std::string_view text) { return first_fault(text, fault_of_number); }

Reason structure_fault(std::string_view text) {
  return first_fault(text,
                     [](std::string_view word) { return is_non_number(word) ? Reason::kNotFinite : Reason::kNone; });
}

Reason string_fault(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') continue;
    const int unit = code_unit(text, i);
    if (is_low(unit) || (is_high(unit) && !is_low(code_unit(text, i + 6)))) return Reason::kEncoding;
    i += is_high(unit) ? 11 : 1;  // past the pair, or past the escaped character
  }
  return Reason::kSyntax;
}

}  // namespace driftcast
