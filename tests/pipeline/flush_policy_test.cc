#include "pipeline/flush_policy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace driftcast {
namespace {

using namespace std::chrono_literals;

constexpr BatchOptions kLimits{.rows = 100, .age = 4ms};
constexpr std::chrono::nanoseconds kNow = 0ns;

TEST(FlushPolicy, WaitsForTheRestOfTheAgeWhileRowsMayCome) {
  EXPECT_EQ(wait_before_flush({.rows = 1, .could_come = 1, .age = 0ns}, kLimits), 4ms);
  EXPECT_EQ(wait_before_flush({.rows = 99, .could_come = 7, .age = 3ms}, kLimits), 1ms);
}

TEST(FlushPolicy, RunsAFullBatchAtOnce) {
  EXPECT_EQ(wait_before_flush({.rows = 100, .could_come = 7, .age = 0ns}, kLimits), kNow);
  EXPECT_EQ(wait_before_flush({.rows = 5000, .could_come = 7, .age = 0ns}, kLimits), kNow);
}

TEST(FlushPolicy, RunsABatchAtOnceThatNobodyElseCouldJoin) {
  EXPECT_EQ(wait_before_flush({.rows = 1, .could_come = 0, .age = 0ns}, kLimits), kNow);
}

TEST(FlushPolicy, RunsABatchThatIsOldEnough) {
  EXPECT_EQ(wait_before_flush({.rows = 1, .could_come = 7, .age = 4ms}, kLimits), kNow);
  EXPECT_EQ(wait_before_flush({.rows = 1, .could_come = 7, .age = 1h}, kLimits), kNow);
}

TEST(FlushPolicy, WaitsForNobodyWhereTheAgeIsNothing) {
  EXPECT_EQ(wait_before_flush({.rows = 1, .could_come = 7, .age = 0ns}, {.rows = 100, .age = 0ms}), kNow);
}

RC_GTEST_PROP(FlushPolicy, NeverLetsABatchGrowOlderThanItsAge, ()) {
  const BatchOptions limits{*rc::gen::inRange(1, 100), Duration{*rc::gen::inRange(0, 1000)}};
  const auto rows = static_cast<std::size_t>(*rc::gen::inRange(1, 200));
  const auto could_come = static_cast<std::size_t>(*rc::gen::inRange(0, 4));
  const std::chrono::nanoseconds age{*rc::gen::inRange<std::int64_t>(0, 2'000'000'000)};
  const auto wait = wait_before_flush({rows, could_come, age}, limits);
  RC_ASSERT(wait >= kNow);
  RC_ASSERT(wait == kNow || age + wait == limits.age);
}

}  // namespace
}  // namespace driftcast
