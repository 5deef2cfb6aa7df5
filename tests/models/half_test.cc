#include "models/half.h"

#include <gtest/gtest.h>
#include <immintrin.h>

#include <cmath>
#include <limits>

namespace driftcast {
namespace {

std::uint32_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

static_assert(from_float(1.0F).bits == 0x3c00);
static_assert(to_float(Half{0xc000}) == -2.0F);

TEST(Half, AllPatternsReadAsTheProcessorReadsThem) {
  for (std::uint32_t pattern = 0; pattern <= 0xffff; ++pattern) {
    const auto bits = static_cast<std::uint16_t>(pattern);
    ASSERT_EQ(bits_of(to_float(Half{bits})), bits_of(_cvtsh_ss(bits))) << pattern;
  }
}

TEST(Half, AllPatternsSurviveTheWayToFloatAndBack) {
  for (std::uint32_t pattern = 0; pattern <= 0xffff; ++pattern) {
    const Half half{static_cast<std::uint16_t>(pattern)};
    const bool nan = std::isnan(to_float(half));
    const auto expected = static_cast<std::uint16_t>(nan ? pattern | 0x200U : pattern);
    ASSERT_EQ(from_float(to_float(half)).bits, expected) << pattern;
  }
}

TEST(Half, FloatsBetweenTwoHalvesRoundAsTheProcessorRoundsThem) {
  for (std::uint64_t step = 0; step < (std::uint64_t{1} << 32); step += 1021) {  // a prime: all low bits appear
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(step));
    ASSERT_EQ(from_float(value).bits, _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT)) << step;
  }
}

TEST(Half, TiesAndTheirNeighboursRoundAsTheProcessorRoundsThem) {
  for (std::uint32_t pattern = 0; pattern < 0x7bff; ++pattern) {
    const float low = to_float(Half{static_cast<std::uint16_t>(pattern)});
    const float high = to_float(Half{static_cast<std::uint16_t>(pattern + 1)});
    const float tie = low + (high - low) / 2;
    for (const float value : {std::nextafter(tie, 0.0F), tie, std::nextafter(tie, 1e6F)}) {
      ASSERT_EQ(from_float(value).bits, _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT)) << pattern;
      ASSERT_EQ(from_float(-value).bits, _cvtss_sh(-value, _MM_FROUND_TO_NEAREST_INT)) << pattern;
    }
  }
}

TEST(Half, ValuesOutOfRangeBecomeInfinite) {
  EXPECT_EQ(from_float(65519.996F).bits, 0x7bff);
  EXPECT_EQ(from_float(65520.0F).bits, 0x7c00);
  EXPECT_EQ(from_float(-std::numeric_limits<float>::infinity()).bits, 0xfc00);
}

}  // namespace
}  // namespace driftcast
