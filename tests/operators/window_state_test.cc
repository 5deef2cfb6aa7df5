// Windows: the last rows of a user, in half precision, oldest first.
#include "operators/window_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "operators/state_fields.h"
#include "state/codec.h"

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

TEST(WindowState, RowsNeedNotBeOfStepsSideBySide) {
  WindowState window;
  for (const Step step : {1, 2, 30}) append_row(window, step_closed(step, 1));
  ASSERT_EQ(window.rows.size(), 3U);
  EXPECT_EQ(window.rows[2].step, 30);
}

TEST(WindowState, AStepHasARowWhereAForecastIsDue) {
  StepClosed closed = step_closed(1, 1);
  EXPECT_FALSE(has_row(closed));
  closed.publish = true;
  EXPECT_TRUE(has_row(closed));
}

TEST(WindowState, ItsFootprintIsItsRows) {
  WindowState window;
  EXPECT_EQ(footprint(window), 0U);
  for (Step step = 0; step < 100; ++step) append_row(window, step_closed(step, 1));
  EXPECT_EQ(footprint(window), kWindowRows * sizeof(WindowRow));
}

// Any bits, zeros often: those are not written.
Half any_half() {
  return {*rc::gen::weightedOneOf<std::uint16_t>(
      {{2, rc::gen::just<std::uint16_t>(0)}, {3, rc::gen::arbitrary<std::uint16_t>()}})};
}

WindowState any_window() {
  WindowState window;
  Step step = *rc::gen::inRange<Step>(-100'000, 100'000);
  for (std::size_t left = *rc::gen::inRange<std::size_t>(0, kWindowRows + 1); left > 0; --left) {
    WindowRow& row = window.rows.emplace_back();
    row.step = step += *rc::gen::weightedElement<Step>({{9, 1}, {1, 3'000}});
    for (Half& value : row.values) value = any_half();
  }
  for (std::size_t left = *rc::gen::inRange<std::size_t>(0, 100); left > 0; --left) {
    window.carried.push_back(any_half());
  }
  if (!window.carried.empty()) window.network = *rc::gen::arbitrary<std::uint64_t>();
  return window;
}

RC_GTEST_PROP(WindowState, AnyOfThemComesBackFromItsBytes, ()) {
  const WindowState window = *rc::gen::exec(any_window);
  const auto decoded = decode_value<WindowState>(encode_value(window));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(decoded->network == window.network);
  RC_ASSERT(decoded->carried == window.carried);
  RC_ASSERT(decoded->rows.size() == window.rows.size());
  for (std::size_t i = 0; i < window.rows.size(); ++i) {
    RC_ASSERT(decoded->rows[i].step == window.rows[i].step);
    RC_ASSERT(decoded->rows[i].values == window.rows[i].values);
  }
}

}  // namespace
}  // namespace driftcast
