// IEEE 754 half precision: 1 sign bit, 5 exponent bits, 10 fraction bits. A storage format; nothing is computed in it.
//
// Conversions are in software, so every machine and compiler gives the same bits: rounding to nearest, ties to even;
// values from 65520 up become infinite; NaN stays NaN, made quiet, with the top ten bits of its payload.
#pragma once

#include <bit>
#include <cstdint>

namespace driftcast {

// A float with at most the upper 16 of its bits, rounded to nearest: what the codec stores in two bytes. For values that
// need a range, not digits: three significant ones stay.
constexpr float rounded16(double value) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  return std::bit_cast<float>((bits + 0x7FFFU + (bits >> 16 & 1U)) & 0xFFFF0000U);
}

struct Half {
  std::uint16_t bits = 0;
  friend constexpr bool operator==(Half, Half) = default;  // of the bits: -0 differs from 0, a NaN equals itself
};

namespace detail {

// Drops the lowest `places` (1..31) bits, rounding to nearest, ties to even.
constexpr std::uint32_t round_off(std::uint32_t value, unsigned places) {
  const std::uint32_t half = std::uint32_t{1} << (places - 1);
  const std::uint32_t odd = (value >> places) & 1U;
  return (value + half - 1 + odd) >> places;
}

}  // namespace detail

constexpr Half from_float(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  std::uint32_t rounded = 0;
  if (magnitude > 0x7f800000U) {
    rounded = 0x7e00U | ((magnitude >> 13) & 0x3ffU);
  } else if (magnitude >= 0x477ff000U) {  // 65520, half way between the largest half and the next power of two
    rounded = 0x7c00U;
  } else if (magnitude >= 0x38800000U) {  // 2^-14, the smallest normal half; a carry runs into the exponent rightly
    rounded = detail::round_off(magnitude - 0x38000000U, 13);
  } else if (magnitude >= 0x33000000U) {  // 2^-25, half the smallest subnormal half
    const std::uint32_t fraction = (magnitude & 0x7fffffU) | 0x800000U;
    rounded = detail::round_off(fraction, 126U - (magnitude >> 23));
  }
  return Half{static_cast<std::uint16_t>(sign | rounded)};
}

constexpr float to_float(Half half) {
  const std::uint32_t sign = (half.bits & 0x8000U) * std::uint32_t{0x10000};
  const std::uint32_t exponent = (half.bits >> 10) & 0x1fU;
  const std::uint32_t fraction = half.bits & 0x3ffU;
  if (exponent == 0x1f) {
    const std::uint32_t quiet = fraction != 0 ? 0x400000U : 0U;
    return std::bit_cast<float>(sign | 0x7f800000U | quiet | (fraction << 13));
  }
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112U) << 23) | (fraction << 13));
  const float magnitude = static_cast<float>(fraction) * 0x1p-24F;  // exact
  return sign != 0 ? -magnitude : magnitude;
}

}  // namespace driftcast
