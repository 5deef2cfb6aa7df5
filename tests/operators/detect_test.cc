// Detect: a change of mix or volume raises an alarm, is confirmed against the crowd, and is over after a while.
#include "operators/detect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/operators/support/single_user.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

// A user with one event an hour, so that each is a session of its own.
class Hourly {
 public:
  explicit Hourly(const OperatorOptions& options = plain_options(), std::uint64_t seed = 1)
      : ann(options), random_(seed) {}

  SingleUser ann;

  void take(const std::string& category) { ann.take({60 * hour_++, category}); }

  // Events of categories picked alike from `categories`.
  void live(int events, const std::vector<std::string>& categories) {
    for (int i = 0; i < events; ++i) take(categories[random_() % categories.size()]);
  }

  std::vector<DriftStage> stages(DriftKind kind) const {
    std::vector<DriftStage> result;
    for (const DriftSignal& signal : ann.out.signals) {
      if (signal.kind == kind) result.push_back(signal.stage);
    }
    return result;
  }

 private:
  std::mt19937_64 random_;
  std::int64_t hour_ = 0;
};

const std::vector<std::string> kOld = {"books", "books", "music", "films"};
const std::vector<std::string> kNew = {"games", "games", "books", "cars"};

TEST(Detect, AUserWhoLikesWhatItLikedIsLeftAlone) {
  std::size_t alarms = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Hourly user(plain_options(), seed);
    user.live(400, kOld);
    alarms += user.stages(DriftKind::kMix).size();
  }
  EXPECT_LE(alarms, 4U);  // 40,000 events at one alarm in 20,000, and a confirmation of each
}

TEST(Detect, AChangedInterestRaisesAnAlarmAndIsThenConfirmed) {
  Hourly user;
  user.live(100, kOld);
  ASSERT_THAT(user.stages(DriftKind::kMix), IsEmpty());
  user.live(60, kNew);
  EXPECT_THAT(user.stages(DriftKind::kMix), ElementsAre(DriftStage::kAlarm, DriftStage::kConfirmed));
  const DriftSignal& alarm = user.ann.out.signals[0];
  EXPECT_EQ(alarm.rising.front().category, "games");
  EXPECT_THAT(alarm.falling.front().category, AnyOf("books", "films", "music"));
  EXPECT_GT(alarm.rising.front().to, alarm.rising.front().from + 0.2F);
  EXPECT_GE(alarm.evidence, std::log(DriftOptions{}.run_length));
  EXPECT_THAT(alarm.severity, AllOf(Ge(0.1F), Le(static_cast<float>(std::log(2)))));
  EXPECT_LE(alarm.events, 130);
}

TEST(Detect, SignalsAreNumberedAndStampedWithTheEventThatRaisedThem) {
  Hourly user;
  user.live(100, kOld);
  user.live(60, kNew);
  user.live(200, kNew);
  user.live(100, kOld);
  const auto& signals = user.ann.out.signals;
  ASSERT_THAT(signals, SizeIs(Ge(4U)));
  for (std::size_t i = 0; i < signals.size(); ++i) {
    EXPECT_EQ(signals[i].ordinal, static_cast<std::int64_t>(i));
    EXPECT_EQ(millis(signals[i].at), (signals[i].events - 1) * 3'600'000);
    EXPECT_EQ(signals[i].step, (signals[i].events - 1) / 24);
  }
}

TEST(Detect, WithoutHistoryThereIsNothingToDriftFrom) {
  OperatorOptions options = plain_options();
  options.drift.min_events = 200;
  Hourly user(options);
  user.live(100, kOld);
  user.live(99, kNew);
  EXPECT_THAT(user.ann.out.signals, IsEmpty());
  EXPECT_EQ(user.ann.population.monitored, 0);
  user.live(1, kNew);
  EXPECT_EQ(user.ann.population.monitored, 1);
}

// Else there would be nobody to share the false discoveries with, and every alarm would be confirmed.
TEST(Detect, AUserIsMonitoredFromTheFirstEventWhereNoHistoryIsAskedFor) {
  OperatorOptions options = plain_options();
  options.drift.min_events = 0;
  Hourly user(options);
  user.live(3, kOld);
  EXPECT_EQ(user.ann.population.monitored, 1);
}

TEST(Detect, ABasketOfManyItemsIsOneOccasion) {
  Hourly user;
  user.live(100, kOld);
  for (int i = 0; i < 500; ++i) user.ann.take({60 * 100 + i / 50, "games"});  // ten minutes, one session
  EXPECT_THAT(user.ann.out.signals, IsEmpty());
  EXPECT_EQ(user.ann.state.mix.observed, 101U);
}

TEST(Detect, AmongManyUsersMoreEvidenceIsNeededToConfirm) {
  const auto confirmed_after = [](std::int64_t monitored) {
    Hourly user;
    user.ann.population.monitored = monitored;
    user.live(100, kOld);
    user.live(60, kNew);
    for (const DriftSignal& signal : user.ann.out.signals) {
      if (signal.stage == DriftStage::kConfirmed) return signal.events;
    }
    return std::int64_t{1000};
  };
  EXPECT_LT(confirmed_after(1), confirmed_after(1'000'000'000));
}

TEST(Detect, AnAlarmThatIsNeverConfirmedLapses) {
  Hourly user;
  user.ann.population.monitored = std::int64_t{1} << 60;
  user.live(100, kOld);
  while (user.ann.population.candidates.empty()) user.live(1, kNew);
  EXPECT_EQ(user.ann.state.mix.stage, DriftStage::kAlarm);
  const auto alarms = user.ann.out.signals.size();
  user.live(static_cast<int>(kAlarmMemory - user.ann.state.mix.quiet) - 1, kOld);
  EXPECT_EQ(user.ann.state.mix.stage, DriftStage::kAlarm);
  user.live(1, kOld);
  EXPECT_EQ(user.ann.state.mix.stage, DriftStage::kNone);
  EXPECT_THAT(user.ann.population.candidates, IsEmpty());
  EXPECT_THAT(user.ann.out.signals, SizeIs(alarms));
}

TEST(Detect, AConfirmedDriftIsOverAfterAWhileAndTheNextOneIsFoundToo) {
  Hourly user;
  user.live(100, kOld);
  user.live(60, kNew);
  EXPECT_EQ(drift_status(user.ann.state).stage, DriftStage::kConfirmed);
  user.live(500, kNew);
  EXPECT_EQ(drift_status(user.ann.state).stage, DriftStage::kNone);
  const std::size_t before = user.ann.out.signals.size();
  user.live(100, {"gardens", "gardens", "tools"});
  ASSERT_THAT(user.ann.out.signals, SizeIs(Ge(before + 2)));
  EXPECT_EQ(user.ann.out.signals[before].rising.front().category, "gardens");
  EXPECT_EQ(user.ann.out.signals[before + 1].stage, DriftStage::kConfirmed);
}

TEST(Detect, AConfirmedDriftTellsTheNextClosedStepAndNoOther) {
  Hourly user;
  user.live(100, kOld);
  user.live(60, kNew);
  user.ann.advance_to_minute(20 * kDay);
  const EventTime confirmed = user.ann.out.signals.back().at;
  int told = 0;
  for (const StepClosed& step : user.ann.out.steps) {
    const bool first_after = step.as_of > confirmed && step.as_of - confirmed <= std::chrono::days{1};
    EXPECT_EQ(step.reset, first_after);
    told += step.reset ? 1 : 0;
  }
  EXPECT_EQ(told, 1);
}

TEST(Detect, ASignalNamesAtMostThreeCategoriesOnEachSideLargestChangeFirst) {
  Hourly user;
  user.live(200, {"a", "b", "c", "d", "e", "f"});
  user.live(100, {"p", "p", "p", "q", "q", "r", "s", "t"});
  ASSERT_THAT(user.ann.out.signals, SizeIs(Ge(1U)));
  for (const DriftSignal& signal : user.ann.out.signals) {
    EXPECT_LE(signal.rising.size(), 3U);
    EXPECT_LE(signal.falling.size(), 3U);
    for (std::size_t i = 0; i < signal.rising.size(); ++i) {
      const float change = signal.rising[i].to - signal.rising[i].from;
      EXPECT_GE(change, 0.02F);
      const ShareChange& larger = signal.rising[i > 0 ? i - 1 : 0];
      EXPECT_GE(larger.to - larger.from, change);
    }
  }
}

// --- volume ---

// So many events in each of the next days, two hours apart at least.
void live_days(SingleUser& ann, std::int64_t from, std::int64_t days, int events) {
  for (std::int64_t day = from; day < from + days; ++day) {
    for (int i = 0; i < events; ++i) ann.take({day * kDay + i, "books"});
  }
}

TEST(Detect, AChangedVolumeIsNoticedAtTheEndOfAStep) {
  SingleUser ann(plain_options());
  for (std::int64_t day = 0; day < 60; ++day) live_days(ann, day, 1, 2 + static_cast<int>(day % 2));
  ASSERT_THAT(ann.out.signals, IsEmpty());
  live_days(ann, 60, 40, 30);
  ann.advance_to_minute(100 * kDay);
  ASSERT_THAT(ann.out.signals, SizeIs(Ge(2U)));
  const DriftSignal& alarm = ann.out.signals[0];
  EXPECT_EQ(alarm.kind, DriftKind::kVolume);
  EXPECT_EQ(alarm.stage, DriftStage::kAlarm);
  EXPECT_EQ(ann.out.signals[1].stage, DriftStage::kConfirmed);
  EXPECT_EQ(millis(alarm.at), (alarm.step + 1) * kDay * 60'000);
  EXPECT_GT(alarm.severity, 0.5F);
  EXPECT_THAT(alarm.rising, IsEmpty());
  EXPECT_LE(alarm.step, 70);
}

TEST(Detect, AnEvenVolumeIsLeftAlone) {
  std::mt19937_64 random(5);
  std::poisson_distribution<int> law(4);
  SingleUser ann(plain_options());
  for (std::int64_t day = 0; day < 2000; ++day) live_days(ann, day, 1, law(random));
  EXPECT_THAT(ann.out.signals, IsEmpty());
}

TEST(Detect, TheStrongerVerdictIsTheUsersStatusAndOfTwoAlikeTheLater) {
  UserState user;
  user.mix.stage = DriftStage::kAlarm;
  user.mix.since = event_time(5);
  EXPECT_EQ(drift_status(user).kind, DriftKind::kMix);
  user.volume.stage = DriftStage::kConfirmed;
  user.volume.since = event_time(3);
  EXPECT_EQ(drift_status(user).kind, DriftKind::kVolume);
  user.volume.stage = DriftStage::kAlarm;
  EXPECT_EQ(drift_status(user).since, event_time(5));
}

}  // namespace
}  // namespace driftcast
