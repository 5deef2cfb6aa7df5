#include "pipeline/explain/trajectory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/support/story.h"

namespace driftcast {
namespace {

using testing::ElementsAre;

TEST(Trajectory, TheForecastsTellTheWidthAndTheOffsetOfTheSteps) {
  EXPECT_EQ(steps_of(ada()).width, Duration{std::chrono::days{1}});
  EXPECT_EQ(steps_of(ada()).offset, Duration{0});
  Trajectory hourly;
  hourly.forecasts = {forecast_after(1, 1, 1, 0), forecast_after(1, 2, 1, 0)};
  hourly.forecasts[0].as_of = february(1, 3) + std::chrono::minutes{30};
  hourly.forecasts[0].valid_until = hourly.forecasts[0].as_of + std::chrono::hours{4};  // after a silence
  hourly.forecasts[1].as_of = february(1, 7) + std::chrono::minutes{30};
  hourly.forecasts[1].valid_until = hourly.forecasts[1].as_of + std::chrono::hours{1};
  EXPECT_EQ(steps_of(hourly).width, Duration{std::chrono::hours{1}});
  EXPECT_EQ(steps_of(hourly).offset, Duration{std::chrono::minutes{30}});
  EXPECT_EQ(steps_of(Trajectory{}).width, Duration{std::chrono::days{1}});
}

TEST(Trajectory, SessionsCountToTheStepInWhichTheyStart) {
  Trajectory trajectory;
  trajectory.forecasts = {forecast_after(4, 6, 1, 0)};
  trajectory.sessions = {{february(1, 23), february(2, 1), 2, {}, 0, {}},
                         {february(3, 9), february(3, 9), 4, {}, 0, {}}};
  const Activity activity = activity_of(trajectory);
  EXPECT_EQ(activity.grid.start(activity.first), february(1));
  EXPECT_THAT(activity.events, ElementsAre(2, 0, 4, 0));
  EXPECT_EQ(activity.sum(activity.first + 1, activity.first + 9), 4);
  EXPECT_EQ(activity.sum(activity.first - 9, activity.first + 1), 2);
}

TEST(Trajectory, WithoutSessionsTheForecastsTellTheActivity) {
  Trajectory trajectory;
  trajectory.forecasts = {forecast_after(1, 3, 1, 0), forecast_after(2, 3, 1, 0), forecast_after(4, 8, 1, 0)};
  EXPECT_THAT(activity_of(trajectory).events, ElementsAre(3, 0, 0, 5));
}

TEST(Trajectory, WithoutForecastsThereAreOnlyTheSessions) {
  Trajectory trajectory;
  trajectory.sessions = {{february(1, 9), february(1, 9), 2, {}, 0, {}},
                         {february(3, 9), february(3, 9), 4, {}, 0, {}}};
  EXPECT_THAT(activity_of(trajectory).events, ElementsAre(2, 0, 4));
  EXPECT_THAT(activity_of(Trajectory{}).events, ElementsAre());
}

TEST(Trajectory, AnAlarmAndItsConfirmationAreOneDrift) {
  Trajectory trajectory = ada();
  DriftSignal volume;
  volume.kind = DriftKind::kVolume;
  volume.at = february(19);
  trajectory.signals.insert(trajectory.signals.begin() + 1, volume);
  trajectory.signals.push_back(turn_to_the_garden(DriftStage::kConfirmed, 25, 90));  // without an alarm of its own
  const std::vector<Drift> drifts = drifts_of(trajectory);
  ASSERT_EQ(drifts.size(), 3U);
  EXPECT_TRUE(drifts[0].confirmed());
  EXPECT_EQ(drifts[0].signal.at, february(20, 12));
  EXPECT_EQ(drifts[0].alarm, february(18, 12));
  EXPECT_FALSE(drifts[1].confirmed());
  EXPECT_EQ(drifts[1].signal.kind, DriftKind::kVolume);
  EXPECT_EQ(drifts[2].alarm, std::nullopt);
}

}  // namespace
}  // namespace driftcast
