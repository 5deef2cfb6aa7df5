#include "pipeline/explain/canvas.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

TEST(Canvas, ShowsWhatWasWrittenWithoutTheBlanksBehindIt) {
  Canvas canvas(3, 8);
  canvas.write(0, 2, "ab");
  canvas.write(2, 0, "▁█");
  EXPECT_EQ(canvas.text(false), "  ab\n\n▁█\n");
}

TEST(Canvas, LeavesOutWhatDoesNotFit) {
  Canvas canvas(2, 4);
  canvas.write(0, 2, "abc");
  canvas.write(1, 3, "東");  // two columns
  EXPECT_EQ(canvas.text(false), "  ab\n\n");
}

TEST(Canvas, CountsWideAndCombiningCharacters) {
  Canvas canvas(1, 8);
  canvas.write(0, 0, "東e\u0301x");
  canvas.write(0, 4, "|");
  EXPECT_EQ(canvas.text(false), "東e\u0301x|\n");
}

TEST(Canvas, KnowsWhereNothingHasBeenWritten) {
  Canvas canvas(1, 3);
  canvas.write(0, 1, "x");
  EXPECT_TRUE(canvas.is_free(0, 0));
  EXPECT_FALSE(canvas.is_free(0, 1));
}

TEST(Canvas, ColorsEachRunOfATone) {
  Canvas canvas(1, 6);
  canvas.write(0, 0, "##", Tone::kBar);
  canvas.write(0, 3, "C", Tone::kConfirmed);
  EXPECT_EQ(canvas.text(true), "\x1b[34m##\x1b[0m \x1b[1;31mC\x1b[0m\n");
}

}  // namespace
}  // namespace driftcast
