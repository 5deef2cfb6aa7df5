// Refine shares: what the network says of the shares that fold has ranked.
//
// The top kRankSlots categories and all the rest get what head_shares() makes of theirs (models/network_heads.h). The
// categories below the top keep their parts of that rest. Slots without a category stay empty.
#pragma once

#include <array>
#include <vector>

#include "core/step_closed.h"

namespace driftcast {

struct RankedShares {
  std::vector<InterestShare> interests;  // largest share first, those alike by name
  float other = 0;                       // share of all the rest
};

// `ranked` in order and summing up to 1, as close_step() leaves them; so is the result. `outputs` as in NetForecast.
RankedShares refine_shares(RankedShares ranked, const std::array<float, kRankSlots + 1>& outputs);

}  // namespace driftcast
