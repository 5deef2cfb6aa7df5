#include "pipeline/generator/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace driftcast {
namespace {

static_assert(scramble(0) == 0xe220a8397b1dcdafULL);  // first output of splitmix64 seeded with 0

TEST(Random, SaysTheSameForTheSameSeedAndOtherThingsForAnother) {
  Random a(7), b(7), other(8), stream(7, 1);
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t value = a.next();
    EXPECT_EQ(value, b.next());
    EXPECT_NE(value, other.next());
    EXPECT_NE(value, stream.next());
  }
}

TEST(Random, DrawsEveryNumberBelowABoundAboutEquallyOften) {
  Random random(1);
  std::array<int, 7> seen{};
  for (int i = 0; i < 70'000; ++i) ++seen[random.below(7)];
  for (const int times : seen) EXPECT_NEAR(times, 10'000, 400);  // four standard deviations
}

TEST(Random, IncludesBothEndsOfARange) {
  Random random(2);
  std::set<int> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.between(-2, 3));
  EXPECT_EQ(seen, (std::set<int>{-2, -1, 0, 1, 2, 3}));
}

TEST(Random, StaysBelowOneAndHasAMeanOfOneHalf) {
  Random random(3);
  double sum = 0, most = 0, least = 1;
  for (int i = 0; i < 100'000; ++i) {
    const double u = random.unit();
    sum += u;
    most = std::max(most, u);
    least = std::min(least, u);
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.004);
  EXPECT_LT(most, 1);
  EXPECT_GE(least, 0);
}

}  // namespace
}  // namespace driftcast
