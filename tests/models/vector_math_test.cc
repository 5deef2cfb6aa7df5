#include "models/vector_math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "models/half.h"
#include "models/lanes_avx2.h"
#include "models/lanes_portable.h"

namespace driftcast {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Calls `with` for floats of every exponent, sign and low bits, infinities and NaNs among them.
template <class With>
void sweep(With with) {
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 4001) {  // a prime
    with(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  for (const float special : {0.0F, -0.0F, 1e-45F, -1e-45F, 3e38F, -3e38F, kInfinity, -kInfinity, kNaN}) with(special);
}

// Where sigmoids bend, every 2^-16.
template <class With>
void sweep_closely(With with) {
  for (int i = -40 * 65536; i <= 40 * 65536; ++i) with(static_cast<float>(i) / 65536);
}

float exp1(float x) { return exp(Lanes1{x}).v; }
float sigmoid1(float x) { return sigmoid(Lanes1{x}).v; }
float tanh1(float x) { return tanh(Lanes1{x}).v; }

template <class Function>
float of_eight(Function function, float x) {
  std::array<float, 8> lanes{};
  function(Lanes8::all(x)).store(lanes.data());
  return lanes[7];
}

TEST(VectorMath, ExpIsWithinItsStatedErrorAndConstantBeyond) {
  long double worst = 0;
  const auto check = [&](float x) {
    if (std::isnan(x)) return;
    const long double exact = std::exp(static_cast<long double>(std::clamp(x, -86.0F, 88.0F)));
    worst = std::max(worst, std::abs(static_cast<long double>(exp1(x)) / exact - 1));
  };
  sweep(check);
  sweep_closely(check);
  EXPECT_LT(worst, 2e-6L);
  EXPECT_GT(worst, 1e-7L);  // the sweep has seen the hard places
  EXPECT_EQ(exp1(0), 1);
}

TEST(VectorMath, SigmoidAndTanhAreWithinTheirStatedErrors) {
  long double sigmoid_worst = 0, tanh_worst = 0;
  const auto check = [&](float x) {
    if (std::isnan(x)) return;
    const auto exact = static_cast<long double>(x);
    sigmoid_worst = std::max(sigmoid_worst, std::abs(sigmoid1(x) - 1 / (1 + std::exp(-exact))));
    tanh_worst = std::max(tanh_worst, std::abs(tanh1(x) - std::tanh(exact)));
  };
  sweep(check);
  sweep_closely(check);
  EXPECT_LT(sigmoid_worst, 2e-7L);
  EXPECT_LT(tanh_worst, 4e-7L);
  EXPECT_EQ(sigmoid1(0), 0.5F);
  EXPECT_EQ(tanh1(0), 0);
}

TEST(VectorMath, NothingLeavesItsRangeAndNoNumberIsLost) {
  sweep([](float x) {
    ASSERT_TRUE(std::isfinite(exp1(x))) << x;
    ASSERT_TRUE(sigmoid1(x) >= 0 && sigmoid1(x) <= 1) << x;
    ASSERT_TRUE(tanh1(x) >= -1 && tanh1(x) <= 1) << x;
  });
  EXPECT_EQ(sigmoid1(kNaN), sigmoid1(kInfinity));
  EXPECT_EQ(tanh1(kNaN), tanh1(kInfinity));
}

TEST(VectorMath, EightLanesGiveTheBitsOfOne) {
  sweep([](float x) {
    ASSERT_EQ(of_eight([](Lanes8 v) { return exp(v); }, x), exp1(x)) << x;
    ASSERT_EQ(of_eight([](Lanes8 v) { return sigmoid(v); }, x), sigmoid1(x)) << x;
    ASSERT_EQ(of_eight([](Lanes8 v) { return tanh(v); }, x), tanh1(x)) << x;
  });
}

float c_of(const CellState<Lanes1>& state) { return to_float(state.c.v); }
float h_of(const CellState<Lanes1>& state) { return to_float(state.h.v); }

// Whether `value` is `exact`, give or take `error`, rounded to half.
bool rounds_to(float value, double exact, double error) {
  const float low = to_float(from_float(static_cast<float>(exact - error)));
  const float high = to_float(from_float(static_cast<float>(exact + error)));
  return low <= value && value <= high;
}

TEST(VectorMath, ACellIsWhatItsFormulasSay) {
  const auto exact_sigmoid = [](float x) { return 1 / (1 + std::exp(-static_cast<double>(x))); };
  std::mt19937_64 random(1);
  std::normal_distribution<float> gates(0, 4), states(0, 3);
  for (int n = 0; n < 300'000; ++n) {
    const float i = gates(random), f = gates(random), g = gates(random), o = gates(random);
    const float c = to_float(from_float(states(random)));
    const CellState<Lanes1> next = lstm_cell(Lanes1{i}, Lanes1{f}, Lanes1{g}, Lanes1{o}, Lanes1{c});
    const double exact_c =
        exact_sigmoid(f) * static_cast<double>(c) + exact_sigmoid(i) * std::tanh(static_cast<double>(g));
    ASSERT_TRUE(rounds_to(c_of(next), exact_c, 4e-7 * (1 + std::abs(static_cast<double>(c))))) << exact_c;
    const double exact_h = exact_sigmoid(o) * std::tanh(static_cast<double>(c_of(next)));
    ASSERT_TRUE(rounds_to(h_of(next), exact_h, 6e-7)) << exact_h;
  }
}

TEST(VectorMath, ACellOfTheLargestStateAndGatesStaysFinite) {
  const std::array<float, 6> gates = {-kInfinity, -100, 0, 100, kInfinity, kNaN};
  for (const float c : {-65504.0F, -1.0F, 0.0F, 1.0F, 65504.0F}) {
    for (const float i : gates) {
      for (const float f : gates) {
        for (const float g : gates) {
          const CellState<Lanes1> next = lstm_cell(Lanes1{i}, Lanes1{f}, Lanes1{g}, Lanes1{i}, Lanes1{c});
          ASSERT_LE(std::abs(c_of(next)), 65504) << i << ' ' << f << ' ' << g << ' ' << c;
          ASSERT_LE(std::abs(h_of(next)), 1) << i << ' ' << f << ' ' << g << ' ' << c;
        }
      }
    }
  }
}

}  // namespace
}  // namespace driftcast
