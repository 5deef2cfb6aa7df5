// Eight lanes of floats with AVX2, FMA and F16C: see models/lanes_portable.h. Counts are always whole: layers are
// multiples of eight wide.
//
// The type is local to the file that includes it, and so is every template over it: code for other instruction sets
// must not meet the rest of the program at the linker.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace driftcast {
namespace {

struct Lanes8 {
  static constexpr std::size_t kLanes = 8;
  __m256 v;

  struct Halves {
    __m128i v;
    Lanes8 widened() const { return {_mm256_cvtph_ps(v)}; }
    void store(std::uint16_t* p, std::size_t = kLanes) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v); }
  };

  static Lanes8 all(float value) { return {_mm256_set1_ps(value)}; }
  static Lanes8 load(const float* p, std::size_t = kLanes) { return {_mm256_loadu_ps(p)}; }
  // Into a register: GCC reads memory again for each use otherwise.
  static Lanes8 load_once(const float* p) {
    Lanes8 lanes = load(p);
    asm("" : "+x"(lanes.v));
    return lanes;
  }
  static Lanes8 load_half(const std::uint16_t* p, std::size_t = kLanes) {
    return Halves{_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))}.widened();
  }
  void store(float* p, std::size_t = kLanes) const { _mm256_storeu_ps(p, v); }

  friend Lanes8 operator+(Lanes8 a, Lanes8 b) { return {_mm256_add_ps(a.v, b.v)}; }
  friend Lanes8 operator-(Lanes8 a, Lanes8 b) { return {_mm256_sub_ps(a.v, b.v)}; }
  friend Lanes8 operator*(Lanes8 a, Lanes8 b) { return {_mm256_mul_ps(a.v, b.v)}; }
  friend Lanes8 operator/(Lanes8 a, Lanes8 b) { return {_mm256_div_ps(a.v, b.v)}; }
  friend Lanes8 fma(Lanes8 a, Lanes8 b, Lanes8 c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
  friend Lanes8 larger(Lanes8 a, Lanes8 b) { return {_mm256_max_ps(a.v, b.v)}; }
  friend Lanes8 smaller(Lanes8 a, Lanes8 b) { return {_mm256_min_ps(a.v, b.v)}; }
  friend Halves rounded(Lanes8 a) { return {_mm256_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT)}; }
  friend Lanes8 with_exponent(Lanes8 a, Lanes8 shifted) {
    const __m256i n = _mm256_slli_epi32(_mm256_castps_si256(shifted.v), 23);
    return {_mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a.v), n))};
  }
};

}  // namespace
}  // namespace driftcast
