#include "pipeline/evaluation/planted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "pipeline/generator/planted_label.h"
#include "pipeline/timestamps.h"
#include "pipeline/wire.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::HasSubstr;

EventTime february(int day) { return *parse_rfc3339("2024-02-01T00:00:00Z") + std::chrono::days{day - 1}; }

// Labels and signals as they would lie in their files.
class Planted : public testing::Test {
 protected:
  // Everything changes on 10 February.
  void drift(const std::string& user, PlantedKind kind, std::int64_t before, std::int64_t after) {
    label({user, kind, february(10), {}, kind == PlantedKind::kVolume ? 4.0 : 1.0, {"tea"}, {"art"}, before, after});
  }
  void pause(const std::string& user) { label({user, PlantedKind::kQuiet, february(10), {}, 1, {}, {}, 100, 0}); }
  void steady(const std::string& user, std::int64_t events) {
    label({user, PlantedKind::kSteady, {}, {}, 1, {}, {}, events, 0});
  }
  void label(const PlantedLabel& label) { append_label(labels_, label), labels_ += '\n'; }

  // A signal on a day of February at the user's nth event.
  void signal(const std::string& user, DriftKind kind, int day, std::int64_t events,
              DriftStage stage = DriftStage::kAlarm) {
    DriftSignal signal;
    signal.at = february(day);
    signal.kind = kind;
    signal.stage = stage;
    signal.events = events;
    append_drift(signals_, user, signal);
    signals_ += '\n';
  }

  Result<PlantedScore> try_score(const PlantedOptions& options = {}) {
    std::ofstream(dir_.path("labels.jsonl")) << labels_;
    std::ofstream(dir_.path("signals.jsonl")) << signals_;
    return score_planted(dir_.path("labels.jsonl"), dir_.path("signals.jsonl"), options);
  }
  PlantedScore score(const PlantedOptions& options = {}) {
    auto result = try_score(options);
    EXPECT_TRUE(result) << result.error().message;
    return result ? *result : PlantedScore{};
  }

  ScratchDir dir_;
  std::string labels_, signals_;
};

TEST_F(Planted, DriftIsFoundByASignalOfItsKindAndTheDelayCountsTheUsersEvents) {
  drift("anna", PlantedKind::kMix, 60, 50);
  signal("anna", DriftKind::kMix, 12, 71);
  const PlantedScore result = score();
  EXPECT_EQ(result.drifts.planted, 1);
  EXPECT_EQ(result.drifts.found, 1);
  EXPECT_EQ(result.drifts.median_delay, 11);
  EXPECT_EQ(result.mix.found, 1);
  EXPECT_EQ(result.volume.planted, 0);
  EXPECT_EQ(result.signals, 1);
  EXPECT_EQ(result.false_signals, 0);
}

TEST_F(Planted, DriftWithoutASignalIsMissed) {
  drift("anna", PlantedKind::kMix, 60, 50);
  const PlantedScore result = score();
  EXPECT_EQ(result.drifts.planted, 1);
  EXPECT_EQ(result.drifts.found, 0);
  EXPECT_EQ(result.drifts.median_delay, 0);
  EXPECT_EQ(result.drifts.share(), 0);
}

TEST_F(Planted, SignalBeforeTheChangeIsFalseAndFindsNothing) {
  drift("anna", PlantedKind::kMix, 60, 50);
  signal("anna", DriftKind::kMix, 9, 55);
  const PlantedScore result = score();
  EXPECT_EQ(result.drifts.found, 0);
  EXPECT_EQ(result.false_signals, 1);
}

TEST_F(Planted, SignalAtTheVeryMomentOfTheChangeCounts) {
  drift("anna", PlantedKind::kVolume, 60, 50);
  signal("anna", DriftKind::kVolume, 10, 59);  // an event of before the change may still be on its way
  const PlantedScore result = score();
  EXPECT_EQ(result.volume.found, 1);
  EXPECT_EQ(result.volume.median_delay, 0);
  EXPECT_EQ(result.false_signals, 0);
}

TEST_F(Planted, SignalOfTheOtherKindIsNeitherFalseNorAFind) {
  drift("anna", PlantedKind::kMix, 60, 50);
  signal("anna", DriftKind::kVolume, 12, 70);
  const PlantedScore result = score();
  EXPECT_EQ(result.drifts.found, 0);
  EXPECT_EQ(result.found_any_kind, 1);
  EXPECT_EQ(result.false_signals, 0);
}

TEST_F(Planted, OnlyTheFirstSignalAfterTheChangeSetsTheDelay) {
  drift("anna", PlantedKind::kMix, 60, 50);
  signal("anna", DriftKind::kMix, 14, 90, DriftStage::kConfirmed);
  signal("anna", DriftKind::kMix, 12, 75);
  signal("anna", DriftKind::kMix, 5, 20);
  EXPECT_EQ(score().drifts.median_delay, 15);
}

TEST_F(Planted, MedianOfAnEvenNumberOfDelaysLiesBetweenTheMiddleTwo) {
  int delay = 0;
  for (const char* user : {"a", "b", "c", "d"}) {
    drift(user, PlantedKind::kMix, 60, 50);
    signal(user, DriftKind::kMix, 12, 60 + (delay += 5));  // 5, 10, 15, 20
  }
  EXPECT_EQ(score().drifts.median_delay, 12.5);
}

TEST_F(Planted, DriftWithTooFewEventsOnASideIsCountedApart) {
  drift("few before", PlantedKind::kMix, 39, 50);
  drift("few after", PlantedKind::kMix, 50, 39);
  drift("enough", PlantedKind::kMix, 40, 40);
  signal("few after", DriftKind::kMix, 12, 60);
  const PlantedScore result = score();
  EXPECT_EQ(result.drifts.planted, 1);
  EXPECT_EQ(result.drifts.found, 0);
  EXPECT_EQ(result.all.planted, 3);
  EXPECT_EQ(result.all.found, 1);
  EXPECT_EQ(score({.min_events = 39}).drifts.planted, 3);
}

TEST_F(Planted, EverySignalOfASteadyUserIsFalseAndTheUserIsAlarmedOnce) {
  steady("bert", 80);
  steady("cora", 200);
  steady("too few to judge by", 79);
  signal("bert", DriftKind::kMix, 3, 30);
  signal("bert", DriftKind::kVolume, 8, 60);
  signal("too few to judge by", DriftKind::kMix, 3, 30);
  const PlantedScore result = score();
  EXPECT_EQ(result.steady, 2);
  EXPECT_EQ(result.steady_alarmed, 1);
  EXPECT_EQ(result.false_share(), 0.5);
  EXPECT_EQ(result.false_signals, 3);
}

TEST_F(Planted, SignalOfAUserWithoutALabelIsFalse) {
  signal("nobody", DriftKind::kMix, 3, 25);
  EXPECT_EQ(score().false_signals, 1);
  EXPECT_EQ(score().steady, 0);
}

TEST_F(Planted, PauseIsAChangeOfVolumeButNotOfTheMix) {
  pause("dora");
  signal("dora", DriftKind::kVolume, 12, 100);
  EXPECT_EQ(score().false_signals, 0);
  signal("dora", DriftKind::kMix, 13, 100);
  EXPECT_EQ(score().false_signals, 1);
  signal("dora", DriftKind::kVolume, 9, 90);
  EXPECT_EQ(score().false_signals, 2);
  EXPECT_EQ(score().all.planted, 0);
}

TEST_F(Planted, AlarmsCanBeLeftAside) {
  drift("anna", PlantedKind::kMix, 60, 50);
  steady("bert", 80);
  signal("anna", DriftKind::kMix, 12, 70);
  signal("anna", DriftKind::kMix, 14, 85, DriftStage::kConfirmed);
  signal("bert", DriftKind::kMix, 12, 70);
  const PlantedScore result = score({.confirmed_only = true});
  EXPECT_EQ(result.drifts.median_delay, 25);
  EXPECT_EQ(result.signals, 1);
  EXPECT_EQ(result.steady_alarmed, 0);
}

TEST_F(Planted, OtherRecordsOfTheSameFileArePassedOver) {
  drift("anna", PlantedKind::kMix, 60, 50);
  append_forecast(signals_, "anna", Forecast{}, ModelSet{}, true);
  signals_ += '\n';
  append_session(signals_, "anna", Session{});
  signals_ += '\n';
  signal("anna", DriftKind::kMix, 12, 70);
  EXPECT_EQ(score().signals, 1);
}

TEST_F(Planted, FilesThatAreNotThereOrNotWhatTheyShouldBeAreNamed) {
  const auto missing = score_planted(dir_.path("nothing"), dir_.path("nothing"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNoInput);
  for (const char* line : {"rubbish\n", "{\"no\":\"type\"}\n", "{\"type\":\"drift\",\"user\":\"u\"}\n",
                           R"({"type":"drift","user":"u","at":"yesterday","kind":"mix","stage":"alarm","events":1})"}) {
    signals_ = line;
    const auto odd = try_score();
    ASSERT_FALSE(odd) << line;
    EXPECT_EQ(odd.error().code, ErrorCode::kData);
    EXPECT_THAT(odd.error().message, HasSubstr("signals.jsonl:1: not a published record"));
  }
}

}  // namespace
}  // namespace driftcast
