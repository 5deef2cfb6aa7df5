// Windows: the last rows of a user, in half precision, oldest first.
#include "operators/window_state.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

StepClosed step_closed(Step step, float value) {
  StepClosed closed;
  closed.step = step;
  closed.row.fill(value);
  return closed;
}

TEST(WindowState, KeepsTheNewestRowsOldestFirst) {
  WindowState window;
  for (Step step = 0; step < 40; ++step) append_row(window, step_closed(step, static_cast<float>(step)));
  ASSERT_EQ(window.rows.size(), kWindowRows);
  EXPECT_EQ(window.rows.front().step, 8);
  EXPECT_EQ(window.rows.back().step, 39);
  EXPECT_EQ(to_float(window.rows.back().values[0]), 39);
}

TEST(WindowState, RoundsToHalfPrecisionWhenARowIsAppended) {
  WindowState window;
  append_row(window, step_closed(0, 0.1F));
  const float kept = to_float(window.rows[0].values[5]);
  EXPECT_NE(kept, 0.1F);
  EXPECT_NEAR(kept, 0.1F, 1e-4);
  append_row(window, step_closed(1, kept));
  EXPECT_EQ(to_float(window.rows[1].values[5]), kept);
}

TEST(WindowState, StepsOfDormancyHaveNoRows) {
  WindowState window;
  for (const Step step : {1, 2, 30}) append_row(window, step_closed(step, 1));
  ASSERT_EQ(window.rows.size(), 3U);
  EXPECT_EQ(window.rows[2].step, 30);
}

TEST(WindowState, ItsFootprintIsItsRows) {
  WindowState window;
  EXPECT_EQ(footprint(window), 0U);
  for (Step step = 0; step < 100; ++step) append_row(window, step_closed(step, 1));
  EXPECT_EQ(footprint(window), kWindowRows * sizeof(WindowRow));
}

}  // namespace
}  // namespace driftcast
