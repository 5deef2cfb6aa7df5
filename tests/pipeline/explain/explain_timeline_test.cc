#include "pipeline/explain/explain_timeline.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

Activity days(std::size_t known) { return {StepGrid{}, 1000, std::vector<double>(known, 1.0)}; }

TEST(Timeline, AShortHistoryHasAColumnForEachStep) {
  const Timeline timeline = timeline_of(days(20), 30, 10, 12, 80);
  EXPECT_EQ(timeline.per_column, 1);
  EXPECT_EQ(timeline.history, 20);
  EXPECT_EQ(timeline.ahead, 30);
  EXPECT_EQ(timeline.now, 1020);
  EXPECT_EQ(timeline.seam(), 30);
  EXPECT_EQ(timeline.step_at(10), 1000);
  EXPECT_EQ(timeline.column_of(1000), 10);
  EXPECT_EQ(timeline.column_of(1019), 29);
}

TEST(Timeline, ColumnsTakeSeveralStepsUntilThreeHorizonsOfHistoryFit) {
  const Timeline timeline = timeline_of(days(500), 30, 10, 12, 80);
  EXPECT_EQ(timeline.per_column, 2);
  EXPECT_EQ(timeline.ahead, 15);
  EXPECT_EQ(timeline.history, 80 - 10 - 1 - 15);
  EXPECT_EQ(timeline.step_at(timeline.seam()), timeline.now);
  EXPECT_EQ(timeline.column_of(timeline.now - 1), timeline.seam() - 1);
  EXPECT_EQ(timeline.column_of(timeline.now - 2), timeline.seam() - 1);
  EXPECT_EQ(timeline.column_of(timeline.now - 3), timeline.seam() - 2);
}

TEST(Timeline, ALongHorizonAsksForALongHistory) {
  const Timeline timeline = timeline_of(days(500), 60, 10, 12, 80);
  EXPECT_EQ(timeline.per_column, 4);  // 180 and 60 steps in 69 columns
  EXPECT_EQ(timeline.ahead, 15);
}

TEST(Timeline, AStepThatIsTooOldLiesLeftOfTheHistory) {
  const Timeline timeline = timeline_of(days(500), 30, 10, 12, 80);
  EXPECT_EQ(timeline.column_of(timeline.begin()), timeline.left);
  EXPECT_EQ(timeline.column_of(timeline.begin() - 1), timeline.left - 1);
  EXPECT_EQ(timeline.column_of(-1'000'000'000'000), timeline.left - 1);
}

TEST(Timeline, KeepsRoomForNotesBehindAShortForecast) {
  const Timeline timeline = timeline_of(days(100), 1, 10, 12, 80);
  EXPECT_EQ(timeline.per_column, 2);  // sixty steps are to be seen, and there are 57 columns
  EXPECT_EQ(timeline.history, 50);
  EXPECT_EQ(timeline.ahead, 1);
  EXPECT_LE(timeline.right() + 12, 80);
  EXPECT_EQ(timeline_of(Activity{}, 0, 10, 12, 40).history, 1);
}

}  // namespace
}  // namespace driftcast
