#include "pipeline/generator/alias_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace driftcast {
namespace {

std::vector<int> draws(const std::vector<std::uint64_t>& weights, int n) {
  const AliasTable table(weights);
  Random random(11);
  std::vector<int> seen(weights.size());
  for (int i = 0; i < n; ++i) ++seen[table.draw(random)];
  return seen;
}

TEST(AliasTable, DrawsInProportionToTheWeights) {
  const std::vector<std::uint64_t> weights = {1, 1000, 3, 250, 0, 746, 500, 2500};  // sum 5000
  const std::vector<int> seen = draws(weights, 500'000);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double expected = 100.0 * static_cast<double>(weights[i]);
    EXPECT_NEAR(seen[i], expected, 4 * std::sqrt(expected)) << i;
  }
}

TEST(AliasTable, AlwaysDrawsTheOnlyOne) { EXPECT_EQ(draws({5}, 100), (std::vector<int>{100})); }

TEST(AliasTable, NeverDrawsWhatWeighsNothing) {
  EXPECT_EQ(draws({0, 0, 9, 0}, 1000), (std::vector<int>{0, 0, 1000, 0}));
}

TEST(AliasTable, CopesWithWeightsNearItsLimit) {
  const std::vector<int> seen = draws({1ULL << 60, 1ULL << 60}, 10'000);
  EXPECT_NEAR(seen[0], 5000, 200);
}

}  // namespace
}  // namespace driftcast
