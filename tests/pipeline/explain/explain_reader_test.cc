#include "pipeline/explain/explain_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/pipeline/support/story.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Outputs : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& lines) { std::ofstream(dir_.path(name)) << lines; }
  Trajectory read(const std::string& user) {
    auto trajectory = read_trajectory(dir_.path(), topics_, user);
    EXPECT_TRUE(trajectory) << trajectory.error().message;
    return trajectory ? *trajectory : Trajectory{};
  }
  static Trajectory named(const std::string& user) {
    Trajectory trajectory = ada();
    trajectory.user = user;
    return trajectory;
  }

  ScratchDir dir_;
  TopicOptions topics_;
};

TEST_F(Outputs, EverythingAboutTheUserIsReadAndNothingElse) {
  std::string elsewhere = drift_lines(named("eve"));
  elsewhere.insert(elsewhere.find("\"user\""), R"("note":{"user":"ada"},)");
  write("interest-forecasts.jsonl", forecast_lines(named("adam")) + forecast_lines(ada()) + drift_lines(ada()) +
                                        elsewhere + drift_lines(named("a\"b")));
  write("interest-sessions.jsonl", session_lines(ada()) + session_lines(named("bob")));
  const Trajectory trajectory = read("ada");
  EXPECT_EQ(forecast_lines(trajectory), forecast_lines(ada()));
  EXPECT_EQ(drift_lines(trajectory), drift_lines(ada()));
  EXPECT_EQ(session_lines(trajectory), session_lines(ada()));
  EXPECT_EQ(read("a\"b").signals.size(), 2U);
}

TEST_F(Outputs, DriftSignalsMayHaveATopicOfTheirOwnAndSessionsBeMissing) {
  topics_.drift = "drifts";
  write("interest-forecasts.jsonl", forecast_lines(ada()));
  write("drifts.jsonl", drift_lines(ada()));
  const Trajectory trajectory = read("ada");
  EXPECT_EQ(trajectory.signals.size(), 2U);
  EXPECT_TRUE(trajectory.sessions.empty());
}

TEST_F(Outputs, ALastLineThatIsJustBeingWrittenIsPassedOver) {
  const std::string lines = forecast_lines(ada());
  write("interest-forecasts.jsonl", lines.substr(0, lines.size() - 100));
  EXPECT_EQ(read("ada").forecasts.size(), 27U);
  write("interest-forecasts.jsonl", lines.substr(0, lines.size() - 100) + "\n" + lines);
  const auto damaged = read_trajectory(dir_.path(), topics_, "ada");
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::kData);
  EXPECT_THAT(damaged.error().message,
              HasSubstr("interest-forecasts.jsonl:29: the line before is not a published record"));
}

TEST_F(Outputs, AnUnknownUserIsToldWhoIsKnown) {
  write("interest-forecasts.jsonl", forecast_lines(ada()) + forecast_lines(named("bob\n")) +
                                        forecast_lines(named("eve")) + forecast_lines(named("zoe")));
  const auto nobody = read_trajectory(dir_.path(), topics_,
                                      "no\x1b"
                                      "body");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ErrorCode::kNoInput);
  EXPECT_EQ(nobody.error().message,
            "nothing in '" + dir_.path() +
                "' is about a user 'no\\u{1b}body'; there are for instance 'ada', 'bob\\u{a}' and 'eve'");
  write("interest-forecasts.jsonl", "");
  EXPECT_THAT(read_trajectory(dir_.path(), topics_, "ada").error().message, HasSubstr("nor about any other"));
}

TEST_F(Outputs, ADirectoryWithoutOutputsIsNamed) {
  const auto nothing = read_trajectory(dir_.path(), topics_, "ada");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::kNoInput);
  EXPECT_THAT(nothing.error().message, HasSubstr("no outputs in '" + dir_.path() + "'"));
}

TEST_F(Outputs, TheBestTaleIsOfTheLargestConfirmedTurnOfSomebodyBusyButNotTooBusy) {
  const auto turn = [](const std::string& user, DriftStage stage, std::int64_t events, float severity) {
    Trajectory trajectory;
    trajectory.user = user;
    trajectory.signals = {turn_to_the_garden(stage, 20, events)};
    trajectory.signals[0].severity = severity;
    return drift_lines(trajectory);
  };
  const std::string signals =
      turn("small", DriftStage::kConfirmed, 300, 0.1F) + turn("suspected", DriftStage::kAlarm, 300, 0.9F) +
      turn("large", DriftStage::kConfirmed, 300, 0.3F) + turn("large", DriftStage::kConfirmed, 320, 0.2F) +
      turn("new", DriftStage::kConfirmed, 30, 0.5F) + turn("busy", DriftStage::kConfirmed, 9000, 0.4F);
  write("interest-forecasts.jsonl", signals + forecast_lines(ada()));
  EXPECT_THAT(*find_telling_users(dir_.path(), topics_, 9), ElementsAre("large", "small", "busy", "new", "suspected"));
  EXPECT_THAT(*find_telling_users(dir_.path(), topics_, 2), ElementsAre("large", "small"));
  topics_.drift = "drifts";
  write("interest-forecasts.jsonl", forecast_lines(ada()));
  EXPECT_THAT(*find_telling_users(dir_.path(), topics_, 2), ElementsAre("ada"));
  write("drifts.jsonl", signals);
  EXPECT_THAT(*find_telling_users(dir_.path(), topics_, 1), ElementsAre("large"));
  write("interest-forecasts.jsonl", "");
  write("drifts.jsonl", "");
  EXPECT_THAT(*find_telling_users(dir_.path(), topics_, 1), ElementsAre());
}

}  // namespace
}  // namespace driftcast
