#include "pipeline/user_id.h"

#include <gtest/gtest.h>

#include <string>

namespace driftcast {
namespace {

bool ok(std::string_view text) { return well_formed_name(text, 16); }

TEST(UserId, IsAnyTextWithoutControlCharacters) {
  for (const char* text :
       {"ann", "a b", " ", "<script>", "../../x", "=cmd()", "\xC3\xA9t\xC3\xA9", "\xE6\x9C\xAC", "\xF0\x9F\x98\x80",
        "a\nb", "\xC2\xA0", "\xE2\x80\xA7", "\xE2\x80\xAF", "\xE2\x81\xA5", "\xE2\x81\xAA"}) {
    EXPECT_TRUE(ok(text)) << text;
  }
}

TEST(UserId, HasAtLeastOneByteAndAtMostTheLimit) {
  EXPECT_FALSE(ok(""));
  EXPECT_TRUE(ok(std::string(16, 'u')));
  EXPECT_FALSE(ok(std::string(17, 'u')));
}

TEST(UserId, HoldsNoControlCharacterButTheLineFeed) {
  for (int c = 0; c < 0x20; ++c) EXPECT_EQ(ok(std::string("a") + static_cast<char>(c)), c == '\n') << c;
  EXPECT_FALSE(ok("\x7F"));
  for (int c = 0x80; c < 0xA0; ++c) EXPECT_FALSE(ok(std::string("\xC2") + static_cast<char>(c))) << c;
}

TEST(UserId, HoldsNothingThatTurnsTheDirectionOfATextRound) {
  for (int c = 0xAA; c <= 0xAE; ++c) EXPECT_FALSE(ok(std::string("a\xE2\x80") + static_cast<char>(c))) << c;
  for (int c = 0xA6; c <= 0xA9; ++c) EXPECT_FALSE(ok(std::string("\xE2\x81") + static_cast<char>(c) + "b")) << c;
}

}  // namespace
}  // namespace driftcast
