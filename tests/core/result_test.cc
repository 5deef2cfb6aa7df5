#include "core/result.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

Result<int> half(int x) {
  if (x % 2 != 0) return error(ErrorCode::kData, "odd");
  return x / 2;
}

Result<void> halves_twice(int x) {
  DRIFTCAST_TRY(half(x));
  DRIFTCAST_TRY(half(x / 2));
  return {};
}

TEST(Result, CarriesAValueOrAnErrorWithItsExitCode) {
  EXPECT_EQ(half(4).value(), 2);
  ASSERT_FALSE(half(3));
  EXPECT_EQ(half(3).error().code, ErrorCode::kData);
  EXPECT_EQ(half(3).error().message, "odd");
}

TEST(Result, PassesTheFirstErrorOn) {
  EXPECT_TRUE(halves_twice(8));
  EXPECT_FALSE(halves_twice(6));
}

TEST(ResultDeathTest, StopsTheProcessWhenAnErrorIsReadAsAValue) {
  EXPECT_DEATH({ [[maybe_unused]] const int value = half(3).value(); }, "does not hold");
}

}  // namespace
}  // namespace driftcast
