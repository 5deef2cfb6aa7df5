#include "pipeline/explain/explain_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/support/story.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::FloatEq;
using testing::Optional;

TEST(MainInterests, AreThoseOfTheTimeThatIsShownTheLargestNowFirst) {
  std::vector<Forecast> forecasts = ada().forecasts;
  EXPECT_THAT(main_interests(forecasts, february(1), 5), ElementsAre("garden", "books"));
  EXPECT_THAT(main_interests(forecasts, february(1), 1), ElementsAre("garden"));  // now, and books on average: 0.73
  forecasts.back().interests = {{"garden", 0.97F, 0, 0, 0, 0}, {"tea", 0.01F, 0, 0, 0, 0}};
  EXPECT_THAT(main_interests(forecasts, february(28), 5), ElementsAre("garden"));
  EXPECT_THAT(main_interests({}, february(1), 5), ElementsAre());
}

TEST(ShareHistory, ShowsWhatWasKnownInEachColumn) {
  Trajectory trajectory;
  trajectory.forecasts = {forecast_after(2, 9, 0.9F, 0.1F), forecast_after(5, 9, 0.4F, 0.6F)};
  trajectory.forecasts[1].interests.pop_back();  // books
  const Activity activity = activity_of(trajectory);
  const Timeline timeline = timeline_of(activity, 7, 10, 12, 80);
  const ShareHistory garden = share_history(trajectory, activity.grid, timeline, "garden");
  EXPECT_THAT(garden.shares, ElementsAre(std::nullopt, Optional(FloatEq(0.1F)), Optional(FloatEq(0.1F)),
                                         Optional(FloatEq(0.1F)), Optional(FloatEq(0.6F))));
  EXPECT_FLOAT_EQ(garden.now, 0.6F);
  EXPECT_FLOAT_EQ(garden.trend, 0.4F);
  const ShareHistory books = share_history(trajectory, activity.grid, timeline, "books");
  EXPECT_THAT(books.shares.back(), Optional(FloatEq(0)));  // no longer named
  EXPECT_EQ(books.now, 0);
}

TEST(ProbabilityHistory, ShowsWhatTheFirstHorizonWasGivenInEachColumn) {
  Trajectory trajectory;
  trajectory.forecasts = {forecast_after(2, 9, 0.9F, 0.1F), forecast_after(5, 9, 0.4F, 0.6F)};
  trajectory.forecasts[1].horizons[0].purchase = 0.25;
  trajectory.forecasts[1].horizons[1].churn = 0.5;
  const Activity activity = activity_of(trajectory);
  const Timeline timeline = timeline_of(activity, 7, 10, 12, 80);
  const auto history = [&](auto which) { return probability_history(trajectory, activity.grid, timeline, which); };
  EXPECT_THAT(history(&HorizonForecast::purchase),
              ElementsAre(std::nullopt, std::nullopt, std::nullopt, std::nullopt, Optional(FloatEq(0.25F))));
  EXPECT_THAT(history(&HorizonForecast::churn), testing::Each(std::nullopt));
}

}  // namespace
}  // namespace driftcast
