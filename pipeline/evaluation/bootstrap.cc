#include "pipeline/evaluation/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/check.h"
#include "pipeline/generator/random.h"

namespace driftcast {
namespace {

// Of the means; 0 where `b` scores nothing.
double ratio_of(const UserSum& a, const UserSum& b) {
  if (a.count == 0 || b.count == 0 || !(b.sum > 0)) return 0;
  return a.sum / static_cast<double>(a.count) / (b.sum / static_cast<double>(b.count));
}

double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - std::floor(place)) * (sorted[above] - sorted[below]);
}

}  // namespace

RatioInterval bootstrap_ratio(std::span<const UserSum> a, std::span<const UserSum> b, std::uint64_t seed, int rounds) {
  DRIFTCAST_CHECK(a.size() == b.size());
  UserSum all_a;
  UserSum all_b;
  for (const UserSum& user : a) all_a += user;
  for (const UserSum& user : b) all_b += user;
  const double ratio = ratio_of(all_a, all_b);
  if (!(all_b.sum > 0)) return {};
  Random random(seed);
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    UserSum drawn_a;
    UserSum drawn_b;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const std::uint32_t user = random.below(static_cast<std::uint32_t>(a.size()));
      drawn_a += a[user];
      drawn_b += b[user];
    }
    if (drawn_b.sum > 0) ratios.push_back(ratio_of(drawn_a, drawn_b));
  }
  if (ratios.empty()) return {ratio, ratio, ratio};
  std::sort(ratios.begin(), ratios.end());
  return {ratio, quantile(ratios, 0.025), quantile(ratios, 0.975)};
}

RatioInterval root_of(const RatioInterval& squares) {
  return {std::sqrt(squares.ratio), std::sqrt(squares.low), std::sqrt(squares.high)};
}

}  // namespace driftcast
