#include "core/time.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

using std::chrono::days;
using std::chrono::hours;

TEST(StepGrid, CoversEachMomentWithExactlyOneStepAlsoBefore1970) {
  const StepGrid grid{days{1}, hours{3}};
  for (std::int64_t ms : {-200'000'000'123LL, -1LL, 0LL, 10'800'000LL, 10'799'999LL, 1'700'000'000'000LL}) {
    const EventTime at = event_time(ms);
    const Step step = grid.step_of(at);
    EXPECT_LE(grid.start(step), at);
    EXPECT_LT(at, grid.end(step));
  }
}

TEST(StepGrid, EndsAStepExactlyWhereTheNextBegins) {
  const StepGrid grid;
  EXPECT_EQ(grid.step_of(grid.end(5)), 6);
  EXPECT_EQ(grid.step_of(grid.end(5) - Duration{1}), 5);
}

TEST(StepGrid, CallsMondayTheFirstPlaceOfTheWeek) {
  const StepGrid grid;
  EXPECT_EQ(grid.season(grid.step_of(event_time(1'767'571'200'000))), 0);  // 2026-01-05 is a Monday
  EXPECT_EQ(grid.season(-1), 2);                                           // 1969-12-31 was a Wednesday
}

}  // namespace
}  // namespace driftcast
