// What a person reads about one user, and the command that shows it.
#include "pipeline/explain/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/pipeline/support/shell.h"
#include "tests/pipeline/support/story.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr Terminal kPlain{72, false, false};

TEST(Explain, TablesFollowThePortrait) {
  EXPECT_EQ(explain(ada(), kPlain), portrait(ada(), kPlain) + R"(
The last forecasts
  as of          next 7 days    next 14 days
  2024-02-29   21 (10 to 35)   46 (28 to 63)
  2024-02-28   21 (10 to 35)   46 (28 to 63)
  2024-02-27   21 (10 to 35)   46 (28 to 63)
  2024-02-26   21 (10 to 35)   46 (28 to 63)
  2024-02-25   21 (10 to 35)   46 (28 to 63)

What the newest is made of: each model's forecast x its weight
  model           next 7 days      next 14 days
  arima         14.00 x 0.500     28.00 x 0.500
  ewma_slow     28.00 x 0.500     63.00 x 0.500
  joint       = 21.00           = 45.50

Interests, trend in points of share
  category                   share   trend   events in 7 days
  garden                      75 %     +40       16 (1 to 19)
  books                       20 %     -40      4.2 (3 to 14)
  all others                   5 %

Drift signals
  2024-02-18  mix    alarm      after 61 events; evidence 11.5, severity 0.25
      rising  garden 5 % -> 75 %
     falling  books 90 % -> 20 %
  2024-02-20  mix    confirmed  after 68 events; evidence 11.5, severity 0.25
      rising  garden 5 % -> 75 %
     falling  books 90 % -> 20 %
)");
}

TEST(Explain, LeavesOutWhatWasNotPublished) {
  Trajectory trajectory = ada();
  for (HorizonForecast& horizon : trajectory.forecasts.back().horizons) horizon.available = 0;
  trajectory.signals.clear();
  const std::string text = explain(trajectory, kPlain);
  EXPECT_THAT(text, Not(HasSubstr("model's forecast")));
  EXPECT_THAT(text, Not(HasSubstr("Drift signals")));
  EXPECT_THAT(text, HasSubstr("No drift has been signalled."));
  trajectory.forecasts.clear();
  EXPECT_THAT(explain(trajectory, kPlain), HasSubstr("No forecast has been published\nyet."));
}

TEST(Explain, PurchaseAndChurnHaveATableWhereTheyWerePublished) {
  Trajectory trajectory = ada_with_network();
  EXPECT_THAT(explain(trajectory, kPlain), HasSubstr(R"(
Purchase and churn
  probability       next 7 days   next 14 days
  a purchase               80 %           95 %
  no event at all          12 %            6 %

What the newest is made of)"));
  trajectory.forecasts.back().horizons[1].purchase.reset();
  EXPECT_THAT(explain(trajectory, kPlain), HasSubstr("  a purchase               80 %              -\n"));
}

TEST(Explain, TheNetworkIsAModelLikeAnyOther) {
  Trajectory trajectory = ada();
  HorizonForecast& week = trajectory.forecasts.back().horizons[0];
  week.available = 0b1000011;
  week.parts.back() = 7;
  week.weights.back() = 0.25F;
  EXPECT_THAT(explain(trajectory, kPlain), HasSubstr("  lstm           7.00 x 0.250                 -\n"));
}

TEST(Explain, AModelThatHasNotSpokenYetHasADash) {
  Trajectory trajectory = ada();
  trajectory.forecasts.back().horizons[1].available = 1;
  EXPECT_THAT(explain(trajectory, kPlain), HasSubstr("  ewma_slow     28.00 x 0.500                 -\n"));
}

TEST(Explain, OfManySignalsTheLastDozenIsListed) {
  Trajectory trajectory = ada();
  trajectory.signals.resize(15, turn_to_the_garden(DriftStage::kAlarm, 21, 70));
  EXPECT_THAT(explain(trajectory, kPlain), HasSubstr("\n  and 3 signals before\n"));
}

class ExplainCommand : public Shell {
 protected:
  void SetUp() override {
    std::ofstream(dir_.path("interest-forecasts.jsonl")) << forecast_lines(ada()) << drift_lines(ada());
    std::ofstream(dir_.path("interest-sessions.jsonl")) << session_lines(ada());
  }
};

TEST_F(ExplainCommand, ShowsTheUserInTheColumnsAskedFor) {
  EXPECT_EQ(shell("LC_ALL=C driftcast explain ada --out . --width 72"), 0);
  EXPECT_EQ(printed(), explain(ada(), kPlain));
  EXPECT_EQ(shell("LC_ALL=C.UTF-8 driftcast explain ada --set sink.dir=. --width 72"), 0);
  EXPECT_EQ(printed(), explain(ada(), {72, true, false}));
  EXPECT_EQ(talk(), "");
}

TEST_F(ExplainCommand, ReadsTheTopicsThatTheConfigurationNames) {
  EXPECT_EQ(shell("mv interest-forecasts.jsonl f.jsonl; driftcast explain ada --out . --set topics.forecasts=f"), 0);
  EXPECT_THAT(printed(), HasSubstr("Interest moved from books to garden on 2024-02-20"));
}

TEST_F(ExplainCommand, NamesOthersWhenTheUserIsUnknown) {
  EXPECT_EQ(shell("driftcast explain grace --out ."), 66);
  EXPECT_EQ(talk(), "driftcast: nothing in '.' is about a user 'grace'; there are for instance 'ada'\n");
  EXPECT_EQ(printed(), "");
}

TEST_F(ExplainCommand, SaysWhatIsMissing) {
  EXPECT_EQ(shell("driftcast explain ada --out /nowhere"), 66);
  EXPECT_THAT(talk(), StartsWith("driftcast: no outputs in '/nowhere'"));
  EXPECT_EQ(shell("driftcast explain ada"), 64);
  EXPECT_THAT(talk(), HasSubstr("--out DIR"));
  EXPECT_EQ(shell("driftcast explain --out ."), 64);
  EXPECT_EQ(shell("driftcast explain ada --out . --width 7"), 64);
  EXPECT_EQ(shell("driftcast explain ada --out . --set nonsense=1"), 78);
}

}  // namespace
}  // namespace driftcast
