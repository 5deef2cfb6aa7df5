// One lane of float in plain C++: what the kernel's operations mean. The wider lanes give the same bits.
//
// Operations take and give V. `larger` and `smaller` give the second of the two if either is a NaN; `with_exponent` is
// a * 2^n with n the low bits of `shifted`, for normal results; `rounded` is to half precision. Loads and stores with a
// count are of the first `count` lanes, at least one; loads fill the others with zero.
//
// The type is local to the file that includes it, and so is every template over it: code for other instruction sets
// must not meet the rest of the program at the linker.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "models/half.h"

namespace driftcast {
namespace {

struct Lanes1 {
  static constexpr std::size_t kLanes = 1;
  float v;

  struct Halves {
    Half v;
    Lanes1 widened() const { return {to_float(v)}; }
    void store(std::uint16_t* p, std::size_t = kLanes) const { *p = v.bits; }
  };

  static Lanes1 all(float value) { return {value}; }
  static Lanes1 load(const float* p, std::size_t = kLanes) { return {*p}; }
  static Lanes1 load_half(const std::uint16_t* p, std::size_t = kLanes) { return Halves{Half{*p}}.widened(); }
  void store(float* p, std::size_t = kLanes) const { *p = v; }

  friend Lanes1 operator+(Lanes1 a, Lanes1 b) { return {a.v + b.v}; }
  friend Lanes1 operator-(Lanes1 a, Lanes1 b) { return {a.v - b.v}; }
  friend Lanes1 operator*(Lanes1 a, Lanes1 b) { return {a.v * b.v}; }
  friend Lanes1 operator/(Lanes1 a, Lanes1 b) { return {a.v / b.v}; }
  friend Lanes1 fma(Lanes1 a, Lanes1 b, Lanes1 c) { return {std::fma(a.v, b.v, c.v)}; }
  friend Lanes1 larger(Lanes1 a, Lanes1 b) { return {a.v > b.v ? a.v : b.v}; }
  friend Lanes1 smaller(Lanes1 a, Lanes1 b) { return {a.v < b.v ? a.v : b.v}; }
  friend Halves rounded(Lanes1 a) { return {from_float(a.v)}; }

  friend Lanes1 with_exponent(Lanes1 a, Lanes1 shifted) {
    return {std::bit_cast<float>(std::bit_cast<std::uint32_t>(a.v) + (std::bit_cast<std::uint32_t>(shifted.v) << 23))};
  }
};

}  // namespace
}  // namespace driftcast
