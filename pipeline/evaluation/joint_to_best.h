// JointToBest: the joint forecast divided by the best of its parts, which is chosen with hindsight: the expert that,
// alone, has the lowest score over the same forecasts. Below 1 the joint forecast is better than each of its parts.
// Other users would have given other ratios: the intervals say how far apart (pipeline/evaluation/bootstrap.h). They
// leave the part as it is; a part that is chosen anew in each draw would lower them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "pipeline/evaluation/bootstrap.h"
#include "pipeline/evaluation/evaluator.h"

namespace driftcast {

struct ToBestPart {
  std::string_view part;
  RatioInterval ratio;
};

// Of the first horizon's forecasts of a stratum, or of all.
struct JointToBest {
  std::string_view stratum;  // "all" or one of kStratumNames
  std::int64_t forecasts = 0;
  std::optional<ToBestPart> rmse, log_score;  // absent where the best part makes no error at all, or there is none
};

// "all" first, then the strata with forecasts, dense first. Only experts with a forecast wherever the joint forecast has
// one are parts. The same seed gives the same bits. Cost: 8,000 draws per user at most.
std::vector<JointToBest> joint_to_best(const std::vector<UserScores>& users, std::uint64_t seed);

}  // namespace driftcast
