#include "models/minimise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace driftcast {
namespace {

TEST(Minimise, FollowsACurvedValleyToItsEnd) {
  const Objective rosenbrock = [](std::span<const double> x) {
    return 100 * std::pow(x[1] - x[0] * x[0], 2) + std::pow(1 - x[0], 2);
  };
  const Minimum found = minimise(rosenbrock, std::vector<double>{-1.2, 1});
  EXPECT_NEAR(found.at[0], 1, 1e-5);
  EXPECT_NEAR(found.at[1], 1, 1e-5);
  EXPECT_LT(found.value, 1e-10);
}

TEST(Minimise, FindsTheFloorOfABowlOfFiveVariables) {
  const Objective bowl = [](std::span<const double> x) {
    double sum = 7;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double distance = x[i] - static_cast<double>(i) / 2 + (i > 0 ? 0.3 * x[i - 1] : 0);
      sum += std::pow(4, static_cast<double>(i)) * distance * distance;
    }
    return sum;
  };
  const Minimum found = minimise(bowl, std::vector<double>(5, 0.0));
  double before = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    const double expected = static_cast<double>(i) / 2 - (i > 0 ? 0.3 * before : 0);
    EXPECT_NEAR(found.at[i], expected, 1e-6) << i;
    before = expected;
  }
  EXPECT_NEAR(found.value, 7, 1e-8);
}

TEST(Minimise, NeedsSomeHundredCalls) {
  int calls = 0;
  const Objective counted = [&calls](std::span<const double> x) {
    ++calls;
    return std::cosh(x[0] - 1) + std::cosh(3 * x[1] + x[0]) + std::cosh(x[2] - x[1]);
  };
  const Minimum found = minimise(counted, std::vector<double>{4, -3, 2});
  EXPECT_LT(calls, 400);
  EXPECT_NEAR(found.value, 3, 1e-10);
}

TEST(Minimise, StaysOutOfRegionsWithoutAValue) {
  const Objective fenced = [](std::span<const double> x) {
    return x[0] <= 0 ? std::numeric_limits<double>::quiet_NaN() : x[0] - std::log(x[0]);
  };
  const Minimum found = minimise(fenced, std::vector<double>{0.1});
  EXPECT_NEAR(found.at[0], 1, 1e-4);
  EXPECT_NEAR(found.value, 1, 1e-8);
}

TEST(Minimise, TakesThePointItIsGivenWhereNothingIsFree) {
  const Minimum found = minimise([](std::span<const double>) { return 3.0; }, std::vector<double>{});
  EXPECT_TRUE(found.at.empty());
  EXPECT_EQ(found.value, 3);
}

}  // namespace
}  // namespace driftcast
