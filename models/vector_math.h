// exp, sigmoid, tanh and the LSTM's cell over lanes of floats (models/lanes.h). Nothing but operations that IEEE 754
// defines to the last bit, so that every width of lanes gives the same bits.
//
// 2^y = 2^n p(f), n the nearest integer to y, f = y - n in [-1/2, 1/2], p the polynomial of degree 5 with p(0) = 1 and
// the least largest relative error there, 4.3e-7 (Remez's exchange). A NaN counts as the largest argument.
//
// Instantiate in files that end up with other instruction sets than the rest: nothing here comes from the standard
// library, and the lanes' types are local to their file, so the linker cannot mix up two instantiations.
#pragma once

namespace driftcast {

inline constexpr float kLog2E = 0x1.715476p+0F;
inline constexpr float kLargestGate = 27;  // sigmoids are constant beyond it: products of three e^27 are still floats

// 2^(x * factor), for x * factor in [-125, 127].
template <class V>
V exp2_scaled(V x, float factor) {
  // Adding 1.5 * 2^23 rounds to an integer, and leaves that in the low bits.
  const V magic = V::all(0x1.8p+23F);
  const V shifted = fma(x, V::all(factor), magic);
  const V f = fma(x, V::all(factor), magic - shifted);
  V p = V::all(0x1.23a604p-10F);
  p = fma(p, f, V::all(0x1.3cbea8p-7F));
  p = fma(p, f, V::all(0x1.c74322p-5F));
  p = fma(p, f, V::all(0x1.ebfa4ep-3F));
  p = fma(p, f, V::all(0x1.62e39ep-1F));
  p = fma(p, f, V::all(1));
  return with_exponent(p, shifted);
}

// `x` between the bounds; NaN: the upper one.
template <class V>
V clamped(V x, float low, float high) {
  return larger(smaller(x, V::all(high)), V::all(low));
}

// e^x, relative error below 2e-6 where -86 <= x <= 88; constant beyond.
template <class V>
V exp(V x) {
  return exp2_scaled(clamped(x, -86, 88), kLog2E);
}

// A quotient that is not divided out yet, so that a cell has two divisions and not five.
template <class V>
struct Fraction {
  V numerator, denominator;
  V value() const { return numerator / denominator; }
};

template <class V>
Fraction<V> sigmoid_fraction(V x) {
  const V e = exp2_scaled(clamped(x, -kLargestGate, kLargestGate), -kLog2E);
  return {V::all(1), V::all(1) + e};
}

template <class V>
Fraction<V> tanh_fraction(V x) {
  const V e = exp2_scaled(clamped(x, -kLargestGate / 2, kLargestGate / 2), -2 * kLog2E);
  return {V::all(1) - e, V::all(1) + e};
}

// Absolute error below 2e-7.
template <class V>
V sigmoid(V x) {
  return sigmoid_fraction(x).value();
}

// Absolute error below 4e-7.
template <class V>
V tanh(V x) {
  return tanh_fraction(x).value();
}

template <class V>
struct CellState {
  typename V::Halves h, c;
};

// c' = f c + i g, h' = o tanh(c') of the gates before their activations, both rounded to half: tanh sees the rounded
// c'. Before rounding, c' is within 4e-7 (1 + |c|) and h' within 6e-7. `c` is a half.
template <class V>
CellState<V> lstm_cell(V i, V f, V g, V o, V c) {
  const V input = sigmoid_fraction(i).denominator;
  const V forget = sigmoid_fraction(f).denominator;
  const Fraction<V> change = tanh_fraction(g);
  const V both = input * change.denominator;
  const typename V::Halves next_c = rounded(fma(c, both, change.numerator * forget) / (both * forget));
  const Fraction<V> shown = tanh_fraction(next_c.widened());
  const V output = sigmoid_fraction(o).denominator;
  return {rounded(shown.numerator / (output * shown.denominator)), next_c};
}

}  // namespace driftcast
