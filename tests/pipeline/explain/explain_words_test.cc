#include "pipeline/explain/explain_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/support/story.h"

namespace driftcast {
namespace {

using std::chrono::hours, std::chrono::minutes;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

constexpr Duration kDay = hours{24};
constexpr Terminal kPlain{80, false, false};

std::vector<std::string> told(const Trajectory& trajectory) {
  return paragraphs_of(trajectory, activity_of(trajectory), kPlain);
}

TEST(Words, TellWhoWhatComesNextAndWhatChanged) {
  EXPECT_THAT(
      told(ada()),
      ElementsAre("ada was first seen on 2024-02-01 and had produced 98 events by 2024-02-29, 28 days later; fewer "
                  "than 30 forecasts over 7 days have met their outcome (basis warm).",
                  "Over the next 7 days ada is expected to produce 21 events (between 10 and 35, 90 %), over 14 "
                  "days 46 (28 to 63). The 7 days before had 26. Most of it about garden (75 %) and books (20 %). "
                  "Gaining: garden. Losing: books.",
                  "Interest moved from books to garden on 2024-02-20 (first alarm on 2024-02-18, confirmed)."));
}

TEST(Words, TellHowLikelyAPurchaseIsAndThatNothingComes) {
  EXPECT_THAT(
      told(ada_with_network())[1],
      HasSubstr("The 7 days before had 26. A purchase has a probability of 80 % within 7 days and 95 % within 14 "
                "days. That nothing comes at all has one of 12 % within 7 days and 6 % within 14 days. Most of it "
                "about garden"));
}

TEST(Words, TellOfSilenceReturnAndFoldedCategories) {
  Trajectory trajectory = ada();
  Forecast& last = trajectory.forecasts.back();
  last.dormant = last.returned = last.capped = true;
  last.basis = Basis::kFull;
  last.interests.clear();
  EXPECT_THAT(told(trajectory)[0],
              EndsWith("at least 30 forecasts over 7 days have met their outcome (basis full). Nothing has come for so "
                       "long that the next forecast waits for the next event. The user has just come back after a long "
                       "silence. Rare categories have been folded into one."));
  EXPECT_THAT(told(trajectory)[1], EndsWith("No category stands out."));
}

TEST(Words, ASingleStepOrEventIsNotCounted) {
  Trajectory trajectory = ada();
  trajectory.forecasts.back().horizons = {{1, 1, 0, 3, 0, {}, {}, 0}};
  EXPECT_THAT(told(trajectory)[1],
              HasSubstr("Over the next day ada is expected to produce 1 event (between 0 and 3, 90 %). "
                        "The day before had 5."));
}

TEST(Words, AnAlarmAloneOnlySeemed) {
  DriftSignal signal = turn_to_the_garden(DriftStage::kAlarm, 18, 61);
  const auto sentence = [&] { return sentence_of({signal, std::nullopt}, activity_of(ada()), kPlain); };
  EXPECT_EQ(sentence(), "Interest seemed to move from books to garden on 2024-02-18 (an alarm, not confirmed).");
  signal.falling.clear();
  EXPECT_EQ(sentence(), "Interest in garden seemed to rise on 2024-02-18 (an alarm, not confirmed).");
  signal.rising.clear();
  EXPECT_EQ(sentence(), "The mix of interests seemed to change on 2024-02-18 (an alarm, not confirmed).");
}

TEST(Words, TwoCategoriesAreNamedOnEachSide) {
  DriftSignal signal = turn_to_the_garden(DriftStage::kConfirmed, 18, 61);
  signal.rising = {{"garden", 0, 1}, {"tea\n", 0, 1}, {"art", 0, 1}};
  const auto sentence = [&] { return sentence_of({signal, std::nullopt}, activity_of(ada()), kPlain); };
  EXPECT_EQ(sentence(), "Interest moved from books to garden and tea\\u{a} on 2024-02-18 (confirmed).");
  signal.falling.clear();
  EXPECT_EQ(sentence(), "Interest in garden and tea\\u{a} rose on 2024-02-18 (confirmed).");
}

// The signal says by which factor activity changed; the history says in which direction.
TEST(Words, ActivityRisesOrFallsAsTheHistoryShows) {
  Activity activity{StepGrid{}, 0, std::vector<double>(60, 2)};
  std::fill(activity.events.begin() + 28, activity.events.begin() + 33, 6);
  Drift drift;
  drift.signal.kind = DriftKind::kVolume;
  drift.signal.stage = DriftStage::kConfirmed;
  drift.signal.severity = 1.0986F;  // log 3
  drift.signal.at = activity.grid.end(32);
  EXPECT_EQ(sentence_of(drift, activity, kPlain), "Activity rose about 3.0-fold on 1970-02-03 (confirmed).");
  drift.signal.at = activity.grid.end(37);
  EXPECT_EQ(sentence_of(drift, activity, kPlain), "Activity fell to about 33 % on 1970-02-08 (confirmed).");
  drift.signal.severity = 5;
  EXPECT_EQ(sentence_of(drift, activity, kPlain), "Activity fell to less than a tenth on 1970-02-08 (confirmed).");
  drift.signal.stage = DriftStage::kAlarm;
  drift.signal.at = activity.grid.end(32);
  EXPECT_EQ(sentence_of(drift, activity, kPlain),
            "Activity seemed to rise more than tenfold on 1970-02-03 (an alarm, not confirmed).");
}

TEST(Words, OfManyDriftsTheLastFourAreTold) {
  Trajectory trajectory = ada();
  trajectory.signals.resize(7, turn_to_the_garden(DriftStage::kConfirmed, 21, 70));
  const std::vector<std::string> paragraphs = told(trajectory);
  ASSERT_EQ(paragraphs.size(), 2U + 4U + 1U);
  EXPECT_EQ(paragraphs.back(), "There were 2 drifts before.");
}

TEST(Words, StepsAreCalledByTheirUsualNames) {
  EXPECT_EQ(span_of(7, kDay), "7 days");
  EXPECT_EQ(span_of(1, 7 * kDay), "1 week");
  EXPECT_EQ(span_of(24, hours{1}), "24 hours");
  EXPECT_EQ(span_of(1, minutes{1}), "1 minute");
  EXPECT_EQ(span_of(4, minutes{15}), "4 steps of 15m");
  EXPECT_EQ(date_of(february(3, 14), kDay), "2024-02-03");
  EXPECT_EQ(date_of(february(3, 14), hours{1}), "2024-02-03 14:00");
}

TEST(Words, NumbersAreAsPreciseAsAPersonNeedsThem) {
  EXPECT_EQ(amount_of(0), "0");
  EXPECT_EQ(amount_of(0.03), "almost 0");
  EXPECT_EQ(amount_of(0.25), "0.3");
  EXPECT_EQ(amount_of(3.04), "3");
  EXPECT_EQ(amount_of(9.94), "9.9");
  EXPECT_EQ(amount_of(9.96), "10");
  EXPECT_EQ(amount_of(45.5), "46");
  EXPECT_EQ(amount_of(12345.6), "12,346");
  EXPECT_EQ(percent_of(0), "0 %");
  EXPECT_EQ(percent_of(0.004), "below 1 %");
  EXPECT_EQ(percent_of(0.614), "61 %");
}

}  // namespace
}  // namespace driftcast
