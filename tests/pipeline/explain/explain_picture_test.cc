#include "pipeline/explain/explain_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/pipeline/support/story.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string picture(const Trajectory& trajectory, const Terminal& terminal) {
  return draw_picture(trajectory, activity_of(trajectory), terminal);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Picture, ShowsActivityForecastDriftsAndSharesInUnicode) {
  EXPECT_EQ(picture(ada(), {72, true, false}), R"(events per day                            │ forecast
           6 ┤                   ┊        │
             │   ▄   ▄   ▄   ▄   ▄   ▄   ▄│░░░░░░░
             │   █   █   █   █   █   █   █│░░░░░░░░░░░░░░
             │  ██  ██  ██  ██  ██  ██  ██│░░░░░░░░░░░░░░
           3 ┤ ▄██ ▄██ ▄██ ▄██ ▄██ ▄██ ▄██│━━━━━━━━━━━━━━
             │ ███ ███ ███ ███ ███ ███ ███│░░░░░░░░░░░░░░
             │████████████████████████████│░░░░░░░
             │████████████████████████████│
             │████████████████████████████│
           0 ┼┬─────────────┬──△─▲────────┼──────────────
              2024-02-01    2024-02-15    2024-02-29
garden                      ▁▁▂▂▃▃▄▄▄▅▅▆▆▇│ 75 % ↑
books         ███████████████▇▇▆▆▅▅▄▄▄▃▃▂▂│ 20 % ↓
█ events   ━ forecast, average of the next 7, 14 days, ░ with its 90 %
interval   ▲ drift, confirmed   △ drift suspected   lower rows: shares
of the main interests
)");
}

TEST(Picture, ShowsHowPurchaseAndChurnMovedBelowTheShares) {
  const std::vector<std::string> lines = lines_of(picture(ada_with_network(), {72, true, false}));
  const std::vector<std::string> without = lines_of(picture(ada(), {72, true, false}));
  EXPECT_EQ(std::vector(lines.begin(), lines.begin() + 14), std::vector(without.begin(), without.begin() + 14));
  ASSERT_GE(lines.size(), 17U);
  EXPECT_EQ(lines[14], "purchase                          ▁▂▂▃▄▅▆▆│ 80 %");
  EXPECT_EQ(lines[15], "churn                            ▁▁▁▁▁▁▁▁▁│ 12 %");
  EXPECT_THAT(lines.back(), testing::EndsWith("over the next 7 days"));
}

TEST(Picture, IsDrawnInAsciiWhereThereIsNothingElse) {
  EXPECT_EQ(picture(ada(), {72, false, false}), R"(events per day                            | forecast
           6 +                   !        |
             |   :   :   :   :   :   :   :|~~~~~~~
             |   #   #   #   #   #   #   #|~~~~~~~~~~~~~~
             |  ##  ##  ##  ##  ##  ##  ##|~~~~~~~~~~~~~~
           3 + :## :## :## :## :## :## :##|==============
             | ### ### ### ### ### ### ###|~~~~~~~~~~~~~~
             |############################|~~~~~~~
             |############################|
             |############################|
           0 ++-------------+--A-C--------+--------------
              2024-02-01    2024-02-15    2024-02-29
garden                      ....:::::++++#| 75 % +
books         #################++++:::::..| 20 % -
# events   = forecast, average of the next 7, 14 days, ~ with its 90 %
interval   C drift, confirmed   A drift suspected   lower rows: shares
of the main interests
)");
}

TEST(Picture, FitsIntoItsColumnsHoweverFewOrManyThereAre) {
  Trajectory trajectory = ada();
  trajectory.forecasts.back().interests[0].category = "東京 and all the other places";
  for (int columns = 40; columns <= 100; ++columns) {
    for (const std::string& line : lines_of(picture(trajectory, {columns, true, false}))) {
      EXPECT_LE(columns_of(line), columns) << line;
    }
  }
}

TEST(Picture, StandsAsItIsUnderItsColors) {
  std::string colored = picture(ada(), {72, true, true});
  EXPECT_THAT(colored, HasSubstr("\x1b[1;31m▲\x1b[0m"));
  for (std::size_t begin = 0; (begin = colored.find('\x1b')) != std::string::npos;) {
    colored.erase(begin, colored.find('m', begin) + 1 - begin);
  }
  EXPECT_EQ(colored, picture(ada(), {72, true, false}));
}

TEST(Picture, MarksTheDriftsOfTheTimeThatItShows) {
  Trajectory trajectory = ada();
  trajectory.signals = {turn_to_the_garden(DriftStage::kConfirmed, 1, 2)};
  EXPECT_THAT(picture(trajectory, {72, true, false}), HasSubstr("▲"));
  for (int day = 29; day < 400; ++day) trajectory.forecasts.push_back(forecast_after(day, 99, 0.5F, 0.4F));
  EXPECT_THAT(picture(trajectory, {72, true, false}), Not(HasSubstr("▲")));  // not at the edge, either
  trajectory.signals = {turn_to_the_garden(DriftStage::kAlarm, 5000, 99)};   // after the last forecast
  EXPECT_THAT(lines_of(picture(trajectory, {72, true, false}))[10], HasSubstr("─△┼─"));
}

TEST(Picture, OfTwoDriftsInAColumnTheSurerOneIsMarked) {
  Trajectory trajectory = ada();
  trajectory.signals = {turn_to_the_garden(DriftStage::kConfirmed, 20, 68),
                        turn_to_the_garden(DriftStage::kAlarm, 20, 69)};
  const std::string axis = lines_of(picture(trajectory, {72, true, false}))[10];
  EXPECT_THAT(axis, HasSubstr("▲"));
  EXPECT_THAT(axis, Not(HasSubstr("△")));
}

TEST(Picture, AUserOfWhomOnlySessionsAreKnownHasAHistory) {
  Trajectory trajectory;
  trajectory.sessions = {{february(3, 9), february(3, 9), 2, {}, 0, {}}};
  const std::string text = picture(trajectory, {60, false, false});
  EXPECT_THAT(text, HasSubstr("           2 +#|"));
  EXPECT_THAT(text, Not(HasSubstr("forecast")));
}

TEST(Picture, AForecastOfNothingLiesOnTheGround) {
  Trajectory silent;
  silent.forecasts = {forecast_after(1, 0, 0, 0)};
  for (HorizonForecast& horizon : silent.forecasts[0].horizons) horizon.mean = horizon.lo = horizon.hi = 0;
  const std::vector<std::string> lines = lines_of(picture(silent, {60, false, false}));
  EXPECT_EQ(lines[1], "           1 + |");
  EXPECT_EQ(lines[9], "             | |==============");
}

}  // namespace
}  // namespace driftcast
