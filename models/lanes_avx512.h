// Sixteen lanes of floats with AVX-512 (F, BW, VL): see models/lanes_portable.h.
//
// The type is local to the file that includes it, and so is every template over it: code for other instruction sets
// must not meet the rest of the program at the linker.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace driftcast {
namespace {

struct Lanes16 {
  static constexpr std::size_t kLanes = 16;
  __m512 v;

  struct Halves {
    __m256i v;
    Lanes16 widened() const { return {_mm512_cvtph_ps(v)}; }
    void store(std::uint16_t* p, std::size_t count) const { _mm256_mask_storeu_epi16(p, first(count), v); }
  };

  static __mmask16 first(std::size_t count) { return static_cast<__mmask16>((1U << count) - 1); }
  static Lanes16 all(float value) { return {_mm512_set1_ps(value)}; }
  static Lanes16 load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static Lanes16 load(const float* p, std::size_t count) { return {_mm512_maskz_loadu_ps(first(count), p)}; }
  // Into a register: GCC reads memory again for each use otherwise.
  static Lanes16 load_once(const float* p) {
    Lanes16 lanes = load(p);
    asm("" : "+v"(lanes.v));
    return lanes;
  }
  static Lanes16 load_half(const std::uint16_t* p, std::size_t count) {
    return Halves{_mm256_maskz_loadu_epi16(first(count), p)}.widened();
  }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
  void store(float* p, std::size_t count) const { _mm512_mask_storeu_ps(p, first(count), v); }

  friend Lanes16 operator+(Lanes16 a, Lanes16 b) { return {_mm512_add_ps(a.v, b.v)}; }
  friend Lanes16 operator-(Lanes16 a, Lanes16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
  friend Lanes16 operator*(Lanes16 a, Lanes16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
  friend Lanes16 operator/(Lanes16 a, Lanes16 b) { return {_mm512_div_ps(a.v, b.v)}; }
  friend Lanes16 fma(Lanes16 a, Lanes16 b, Lanes16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
  friend Lanes16 larger(Lanes16 a, Lanes16 b) { return {_mm512_max_ps(a.v, b.v)}; }
  friend Lanes16 smaller(Lanes16 a, Lanes16 b) { return {_mm512_min_ps(a.v, b.v)}; }
  friend Halves rounded(Lanes16 a) { return {_mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT)}; }
  friend Lanes16 with_exponent(Lanes16 a, Lanes16 shifted) {
    const __m512i n = _mm512_slli_epi32(_mm512_castps_si512(shifted.v), 23);
    return {_mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a.v), n))};
  }
};

}  // namespace
}  // namespace driftcast
