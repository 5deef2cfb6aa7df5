#include "pipeline/evaluation/joint_to_best.h"

#include <array>

namespace driftcast {
namespace {

using Score = double ColumnScore::*;

std::vector<UserSum> sums_of(const std::vector<const ExpertScores*>& users, std::size_t column, Score score) {
  std::vector<UserSum> sums;
  sums.reserve(users.size());
  for (const ExpertScores* user : users) sums.push_back({(*user)[column].*score, (*user)[column].count});
  return sums;
}

UserSum total(const std::vector<UserSum>& sums) {
  UserSum all;
  for (const UserSum& each : sums) all += each;
  return all;
}

std::optional<ToBestPart> to_best_part(const std::vector<const ExpertScores*>& users, Score score, std::uint64_t seed) {
  const std::vector<UserSum> joint = sums_of(users, 0, score);
  std::vector<UserSum> best;
  std::string_view part;
  for (std::size_t column = 1; column <= kExperts; ++column) {
    std::vector<UserSum> sums = sums_of(users, column, score);
    if (total(sums).count != total(joint).count) continue;
    if (!best.empty() && total(sums).sum >= total(best).sum) continue;
    best = std::move(sums);
    part = column_name(column);
  }
  if (!(total(best).sum > 0)) return std::nullopt;
  return ToBestPart{part, bootstrap_ratio(joint, best, seed)};
}

JointToBest compare(std::string_view stratum, const std::vector<const ExpertScores*>& users, std::uint64_t seed) {
  JointToBest result{stratum, 0, to_best_part(users, &ColumnScore::squared, seed),
                     to_best_part(users, &ColumnScore::log_score, seed)};
  for (const ExpertScores* user : users) result.forecasts += (*user)[0].count;
  if (result.rmse) result.rmse->ratio = root_of(result.rmse->ratio);
  return result;
}

}  // namespace

std::vector<JointToBest> joint_to_best(const std::vector<UserScores>& users, std::uint64_t seed) {
  std::vector<ExpertScores> sums(users.size());
  std::vector<const ExpertScores*> all;
  std::array<std::vector<const ExpertScores*>, kStrata> by_stratum;
  for (std::size_t i = 0; i < users.size(); ++i) {
    for (const auto& [stratum, scores] : users[i].strata) {
      by_stratum[stratum].push_back(&scores);
      for (std::size_t c = 0; c < scores.size(); ++c) sums[i][c] += scores[c];
    }
    if (!users[i].strata.empty()) all.push_back(&sums[i]);
  }
  std::vector<JointToBest> result;
  if (all.empty()) return result;
  result.push_back(compare("all", all, seed));
  for (std::size_t stratum = kStrata; stratum-- > 0;) {
    if (!by_stratum[stratum].empty()) result.push_back(compare(kStratumNames[stratum], by_stratum[stratum], seed));
  }
  return result;
}

}  // namespace driftcast
