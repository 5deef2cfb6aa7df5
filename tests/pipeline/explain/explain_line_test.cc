#include "pipeline/explain/explain_line.h"

#include <gtest/gtest.h>

#include "tests/pipeline/support/story.h"

namespace driftcast {
namespace {

TEST(ExplainLine, TellsTheDriftThatAForecastIsMadeIn) {
  Forecast forecast = forecast_after(3, 9, 0.9F, 0.05F);
  forecast.horizons.resize(1);
  forecast.drift = {DriftStage::kAlarm, DriftKind::kVolume, february(2, 12)};
  EXPECT_EQ(line_of({"ada", forecast}, true),
            "ada forecast as of 2024-02-04T00:00:00Z: 7 steps 21 (10 to 35); books 90 %, garden 5 %; "
            "volume drift alarm since 2024-02-02T12:00:00Z");
}

TEST(ExplainLine, TellsPurchaseAndChurnBesideTheirHorizon) {
  Forecast forecast = ada_with_network().forecasts.back();
  forecast.interests.resize(1);
  EXPECT_EQ(line_of({"ada", forecast}, true),
            "ada forecast as of 2024-02-29T00:00:00Z: 7 steps 21 (10 to 35) purchase 80 % churn 12 %, "
            "14 steps 46 (28 to 63) purchase 95 % churn 6 %; garden 75 %");
}

TEST(ExplainLine, IsOneLineWhateverTheNamesAre) {
  DriftSignal signal = turn_to_the_garden(DriftStage::kConfirmed, 20, 68);
  signal.rising.push_back({"caf\xc3\xa9\n", 0.1F, 0.2F});
  EXPECT_EQ(line_of({"a\nd\x1b", signal}, false),
            "a\\u{a}d\\u{1b} drift at 2024-02-20T12:00:00Z: mix confirmed, severity 0.25; rising garden 5 % -> 75 %, "
            "caf\\u{e9}\\u{a} 10 % -> 20 %; falling books 90 % -> 20 %");
}

TEST(ExplainLine, TellsWhatASessionWasWorth) {
  Session session = ada().sessions.front();
  session.events = 1;
  session.amount = -12.25;
  EXPECT_EQ(line_of({"ada", session}, true),
            "ada session 2024-02-01T09:00:00Z to 2024-02-01T10:00:00Z: 1 event, amount -12.25");
}

}  // namespace
}  // namespace driftcast
