#include "pipeline/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "pipeline/json_text.h"

namespace driftcast {
namespace {

constexpr int kUsualColumns = 80;

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int columns_behind(int descriptor) {
  for (const int candidate : {descriptor, STDERR_FILENO, STDIN_FILENO}) {
    winsize size{};
    if (::ioctl(candidate, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  return kUsualColumns;
}

bool names_utf8(std::string_view locale) {
  for (const std::string_view name : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
    if (locale.find(name) != std::string_view::npos) return true;
  }
  return false;
}

bool shows_unicode(bool is_terminal) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (const std::string_view locale = variable(name); !locale.empty()) return names_utf8(locale);
  }
  const std::string_view kind = variable("TERM");
  return is_terminal && !kind.empty() && kind != "dumb" && kind != "linux";
}

struct Glyph {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

// The character at the beginning of a text that is not empty.
Glyph first_glyph(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (!is_utf8(text.substr(0, bytes))) return {lead, 1, false};
  char32_t code = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  return {code, bytes, true};
}

struct Range {
  char32_t first, last;
  bool holds(char32_t code) const { return first <= code && code <= last; }
};

template <std::size_t n>
bool in_any(const std::array<Range, n>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(), [=](const Range& range) { return range.holds(code); });
}

// Controls, marks of direction, line and paragraph separators, the byte order mark.
constexpr std::array<Range, 7> kGarbling = {
    {{0, 0x1F}, {0x7F, 0x9F}, {0x61C, 0x61C}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}}};
constexpr std::array<Range, 8> kCombining = {{{0x300, 0x36F},
                                              {0x483, 0x489},
                                              {0x591, 0x5BD},
                                              {0x610, 0x61A},
                                              {0x64B, 0x65F},
                                              {0x200B, 0x200D},
                                              {0x20D0, 0x20FF},
                                              {0xFE00, 0xFE0F}}};
constexpr std::array<Range, 7> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x3FFFD}}};

int columns_of(char32_t code) { return in_any(kCombining, code) ? 0 : in_any(kWide, code) ? 2 : 1; }

}  // namespace

Terminal terminal_of(int descriptor) {
  const bool is_terminal = ::isatty(descriptor) == 1;
  return {columns_behind(descriptor), shows_unicode(is_terminal), is_terminal && variable("NO_COLOR").empty()};
}

std::string printable(std::string_view text, bool unicode) {
  std::string out;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    const auto code = static_cast<unsigned>(glyph.code);
    if (!glyph.valid) {
      out += fmt::format("\\x{{{:02x}}}", code);
    } else if (in_any(kGarbling, glyph.code) || (!unicode && code >= 0x80)) {
      out += fmt::format("\\u{{{:x}}}", code);
    } else {
      out += text.substr(0, glyph.bytes);
    }
    text.remove_prefix(glyph.bytes);
  }
  return out;
}

int columns_of(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    columns += columns_of(glyph.code);
    text.remove_prefix(glyph.bytes);
  }
  return columns;
}

std::string fit(std::string_view text, int columns) {
  const bool cut = columns_of(text) > columns;
  int left = cut ? columns - 1 : columns;
  std::string out;
  while (!text.empty()) {
    const Glyph glyph = first_glyph(text);
    if (columns_of(glyph.code) > left) break;
    left -= columns_of(glyph.code);
    out += text.substr(0, glyph.bytes);
    text.remove_prefix(glyph.bytes);
  }
  out.append(static_cast<std::size_t>(std::max(left, 0)), ' ');
  return cut ? out + '~' : out;
}

std::string wrap(std::string_view text, int columns) {
  std::string out;
  int used = 0;
  while (!text.empty()) {
    std::size_t end = text.find(' ');
    while (end != std::string_view::npos && text.substr(end + 1).starts_with('%')) end = text.find(' ', end + 1);
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const int size = columns_of(word);
    if (used > 0 && used + 1 + size > columns) {
      out += '\n';
      used = 0;
    }
    if (used > 0) out += ' ';
    out += word;
    used += size + (used > 0 ? 1 : 0);
  }
  return out + '\n';
}

std::string grouped(std::int64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0 && digits[i - 1] != '-') text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace driftcast
