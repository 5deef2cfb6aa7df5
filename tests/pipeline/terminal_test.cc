#include "pipeline/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

namespace driftcast {
namespace {

// Of a file, which is no terminal, with these variables of the locale set and no others.
Terminal of_a_file(const std::map<std::string, std::string>& locale) {
  std::map<std::string, std::string> before;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (const char* value = std::getenv(name)) before[name] = value;
    ::unsetenv(name);
    if (locale.contains(name)) ::setenv(name, locale.at(name).c_str(), 1);
  }
  const int file = ::open("/dev/null", O_WRONLY);
  const Terminal terminal = terminal_of(file);
  ::close(file);
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    ::unsetenv(name);
    if (before.contains(name)) ::setenv(name, before.at(name).c_str(), 1);
  }
  return terminal;
}

TEST(Terminal, TheFirstLocaleThatIsSetTellsWhetherUnicodeIsShown) {
  EXPECT_TRUE(of_a_file({{"LANG", "de_DE.UTF-8"}}).unicode);
  EXPECT_TRUE(of_a_file({{"LANG", "C"}, {"LC_CTYPE", "C.utf8"}}).unicode);
  EXPECT_FALSE(of_a_file({{"LANG", "C.UTF-8"}, {"LC_ALL", "C"}}).unicode);
  EXPECT_FALSE(of_a_file({{"LANG", "de_DE.ISO-8859-1"}}).unicode);
}

TEST(Terminal, AFileWithoutALocaleGetsPlainAsciiAndNoColors) {
  EXPECT_FALSE(of_a_file({}).unicode);
  EXPECT_FALSE(of_a_file({}).color);
}

TEST(Printable, LeavesTextAloneAndSpellsOutWhatWouldGarbleATerminal) {
  EXPECT_EQ(printable("u000017", false), "u000017");
  EXPECT_EQ(printable("Zoë 東京", true), "Zoë 東京");
  EXPECT_EQ(printable("a\x1b[31m\n", true), "a\\u{1b}[31m\\u{a}");
  EXPECT_EQ(printable("\u202egnp.exe", true), "\\u{202e}gnp.exe");
  EXPECT_EQ(printable("\u0085", true), "\\u{85}");
  EXPECT_EQ(printable("\xff\xc3", true), "\\x{ff}\\x{c3}");
  EXPECT_EQ(printable("Zoë", false), "Zo\\u{eb}");
}

TEST(Columns, AreCountedAsATerminalShowsThem) {
  EXPECT_EQ(columns_of("tea"), 3);
  EXPECT_EQ(columns_of("Zoë"), 3);
  EXPECT_EQ(columns_of("Zoe\u0308"), 3);
  EXPECT_EQ(columns_of("東京"), 4);
  EXPECT_EQ(columns_of("▁█░━"), 4);
}

TEST(Fit, CutsOrFillsToTheColumn) {
  EXPECT_EQ(fit("tea", 5), "tea  ");
  EXPECT_EQ(fit("tea", 3), "tea");
  EXPECT_EQ(fit("kitchen", 5), "kitc~");
  EXPECT_EQ(fit("東京都", 4), "東 ~");  // half of a wide character cannot be shown
}

TEST(Wrap, BreaksBetweenWordsAndKeepsPercentSignsWithTheirNumbers) {
  EXPECT_EQ(wrap("one two three", 7), "one two\nthree\n");
  EXPECT_EQ(wrap("unbreakable is it", 5), "unbreakable\nis it\n");
  EXPECT_EQ(wrap("about 90 % of it", 8), "about\n90 % of\nit\n");
  EXPECT_EQ(wrap("", 8), "\n");
}

TEST(Grouped, SetsCommasBetweenThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-123), "-123");
  EXPECT_EQ(grouped(-1234), "-1,234");
}

}  // namespace
}  // namespace driftcast
