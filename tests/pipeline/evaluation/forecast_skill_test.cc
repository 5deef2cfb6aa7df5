#include "pipeline/evaluation/forecast_skill.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "core/hash.h"

namespace driftcast {
namespace {

Matured matured(std::size_t slot, double joint, double ewma, double y) {
  Matured result{slot, {}, y};
  result.forecast.mean = static_cast<float>(joint);
  result.forecast.volume.set(Expert::kEwmaSlow, ewma);
  return result;
}

void judge(ForecastSkill& skill, const std::string& user, const std::vector<Matured>& list) {
  StepClosed closed;
  closed.user = user;
  skill.judged(closed, list, std::nullopt);
}

TEST(ForecastSkill, ComparesErrorsOfTheShortestHorizonPooledOverAllUsers) {
  ForecastSkill skill(7, 4);
  judge(skill, "ada", {matured(0, 10, 12, 8), matured(1, 1000, 1000, 0)});
  judge(skill, "bob", {matured(0, 4, 1, 5), matured(0, 6, 6, 5)});
  EXPECT_EQ(skill.forecasts(), 3);
  EXPECT_DOUBLE_EQ(skill.joint_rmse(), std::sqrt((4 + 1 + 1) / 3.0));
  EXPECT_DOUBLE_EQ(skill.absolute_gain(), 100 * (1 - 4 / 9.0));
  EXPECT_DOUBLE_EQ(skill.ewma_rmse(), std::sqrt((16 + 16 + 1) / 3.0));
  EXPECT_EQ(skill.text(), "7-step forecast 57.4 % better than EWMA");
}

TEST(ForecastSkill, AdmitsToBeWorse) {
  ForecastSkill skill(5, 1);
  judge(skill, "ada", {matured(0, 10, 9, 8)});
  EXPECT_EQ(skill.text(), "5-step forecast 100.0 % worse than EWMA");
}

TEST(ForecastSkill, ForecastsWithoutAnEwmaBesideThemDoNotCount) {
  ForecastSkill skill(7, 1);
  Matured alone = matured(0, 10, 9, 8);
  alone.forecast.volume.available = 0;
  judge(skill, "ada", {alone});
  EXPECT_EQ(skill.text(), "no 7-step forecast has met its outcome yet");
}

TEST(ForecastSkill, ComesToTheSameWhenPartitionsAreJudgedSideBySide) {
  constexpr int kPartitions = 4;
  const auto judge_partition = [](ForecastSkill& skill, int partition) {
    for (int i = 0; i < 2000; ++i) {
      const std::string user = "u" + std::to_string(i % 100);
      if (partition_of(user, kPartitions) != partition) continue;
      judge(skill, user, {matured(0, 0.1 * i, 0.3 * i, 0.2 * i)});
    }
  };
  ForecastSkill one(7, kPartitions), many(7, kPartitions);
  for (int p = 0; p < kPartitions; ++p) judge_partition(one, p);
  std::vector<std::thread> threads;
  for (int p = kPartitions - 1; p >= 0; --p) threads.emplace_back([&, p] { judge_partition(many, p); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(many.forecasts(), 2000);
  EXPECT_EQ(many.joint_rmse(), one.joint_rmse());
  EXPECT_EQ(many.ewma_rmse(), one.ewma_rmse());
}

}  // namespace
}  // namespace driftcast
