#include "operators/refine_shares.h"

#include <algorithm>

#include "models/network_heads.h"

namespace driftcast {

RankedShares refine_shares(RankedShares ranked, const std::array<float, kRankSlots + 1>& outputs) {
  const std::size_t top = std::min(ranked.interests.size(), kRankSlots);
  std::array<double, kRankSlots + 1> before{};
  double rest = ranked.other;
  for (std::size_t i = 0; i < top; ++i) before[i] = ranked.interests[i].share;
  for (std::size_t i = top; i < ranked.interests.size(); ++i) rest += ranked.interests[i].share;
  before[kRankSlots] = rest;

  const auto after = head_shares(before, outputs);
  const double factor = rest > 0 ? after[kRankSlots] / rest : 0;  // of every share below the top
  double named = 0;
  for (std::size_t i = 0; i < ranked.interests.size(); ++i) {
    const double share = i < top ? after[i] : factor * ranked.interests[i].share;
    ranked.interests[i].share = static_cast<float>(share);
    named += share;
  }
  ranked.other = static_cast<float>(std::max(0.0, 1 - named));
  std::sort(ranked.interests.begin(), ranked.interests.end(), [](const InterestShare& a, const InterestShare& b) {
    return a.share != b.share ? a.share > b.share : a.category < b.category;
  });
  return ranked;
}

}  // namespace driftcast
