// Terminal: what the place where a person reads can show, and texts made fit for it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace driftcast {

struct Terminal {
  int columns = 80;
  bool unicode = false;
  bool color = false;
};

// Of a file descriptor. Width: of the terminal behind it, or behind standard error or input when it is a pipe; else 80.
// Unicode: when the locale of the environment says UTF-8; without any locale, on a terminal that can do more than
// write. Color: on a terminal, unless NO_COLOR is set.
Terminal terminal_of(int descriptor);

// The text without what would garble a terminal: control characters and marks of direction become \u{1b}, bytes that
// are not UTF-8 become \x{ff}; without `unicode` so does everything beyond ASCII.
std::string printable(std::string_view text, bool unicode);

// Columns that a printable text takes: wide characters two, combining ones none.
int columns_of(std::string_view text);

// A printable text cut or filled with blanks to exactly so many columns; what is cut ends in '~'.
std::string fit(std::string_view text, int columns);

// Breaks a text between words into lines of at most so many columns, each ended by a line feed. "90 %" stays together.
std::string wrap(std::string_view text, int columns);

// "12,345"
std::string grouped(std::int64_t number);

}  // namespace driftcast
