// The demo: its parts, and the command itself on events that are made here.
#include "pipeline/commands/demo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/pipeline/support/shell.h"

namespace driftcast {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class DemoDirectory : public testing::Test {
 protected:
  Result<void> claim(const std::vector<std::string>& keep = {}) {
    return claim_demo_directory(dir_.path("demo"), TopicOptions{}, keep);
  }
  void put(const std::string& name) { std::ofstream(dir_.path("demo/" + name)) << name; }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(dir_.path("demo"))) {
      if (entry.path().filename() != ".driftcast-demo") names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  ScratchDir dir_;
};

TEST_F(DemoDirectory, IsMadeAndRidOfWhatAnEarlierDemoLeftThere) {
  ASSERT_TRUE(claim());
  for (const char* name :
       {"events.jsonl", "labels.jsonl", "summary.json", "interest-forecasts.jsonl", "interest-sessions.jsonl",
        "interest-events-late.jsonl", "interest-events-dlq.jsonl", "notes"}) {
    put(name);
  }
  ASSERT_TRUE(claim());
  EXPECT_THAT(files(), ElementsAre("notes"));
}

TEST_F(DemoDirectory, KeepsTheEventsThatAreAboutToBeReadFromIt) {
  ASSERT_TRUE(claim());
  put("events.jsonl");
  put("labels.jsonl");
  ASSERT_TRUE(claim({dir_.path() + "/./demo/events.jsonl", ""}));
  EXPECT_THAT(files(), ElementsAre("events.jsonl"));
}

TEST_F(DemoDirectory, OfSomebodyElseIsRefusedAndLeftAlone) {
  fs::create_directory(dir_.path("demo"));
  put("events.jsonl");
  const auto refused = claim();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(files(), ElementsAre("events.jsonl"));
}

TEST(Demo, SaysHowManyPlantedDriftsWereFound) {
  PlantedScore score;
  score.drifts = {27, 24, 31.5};
  score.false_signals = 3;
  EXPECT_EQ(planted_text(score), "found 24 of 27 planted drifts, median 31.5 events later, 3 false");
  EXPECT_THAT(planted_text({}), HasSubstr("no planted drift"));
}

// A small crowd, half of whom change.
class DemoCommand : public Shell {
 protected:
  void make_events() {
    ASSERT_EQ(
        shell("driftcast generate --events 12000 --users 40 --days 60 --seed 3 --drift-share 0.5 --drift-volume 0 "
              "--out events.jsonl.gz --labels labels.jsonl"),
        0);
  }
};

TEST_F(DemoCommand, RunsOnAFileAndShowsWhatCameOut) {
  make_events();
  ASSERT_EQ(shell("LC_ALL=C driftcast demo --events events.jsonl.gz --labels labels.jsonl"), 0) << talk();
  const std::string text = printed();
  EXPECT_THAT(
      text, ContainsRegex("events +12,000   processed [0-9,]+, late [0-9]+, duplicate [0-9]+, dead letters [0-9]+\n"));
  EXPECT_THAT(text, ContainsRegex("users +[0-9]+   sessions [0-9,]+, steps [0-9,]+\n"));
  EXPECT_THAT(text, ContainsRegex("forecasts +[0-9,]+   first forecast after [0-9.]+ s\n"));
  EXPECT_THAT(text, ContainsRegex("drift signals +[0-9]+\n"));
  EXPECT_THAT(text,
              ContainsRegex("events/s +[0-9,]+   CPU [0-9.]+ us/event, wall [0-9.]+ s, peak memory [0-9]+ MiB\n"));
  EXPECT_THAT(
      text, ContainsRegex("found [1-9][0-9]* of [1-9][0-9]* planted drifts, median [0-9.]+ events later, [0-9]+ false; "
                          "7-step forecast [0-9.]+ % (better|worse) than EWMA\n"));
  EXPECT_THAT(text, HasSubstr("events per day"));
  EXPECT_THAT(text, ContainsRegex("Interest moved from [a-z]+ and [a-z]+ to [a-z]+ and [a-z]+ on 2024-"));
  EXPECT_THAT(text, ContainsRegex("driftcast explain 'u[0-9]+' --out demo-out\n"));
  EXPECT_THAT(bytes_in(dir_.path("demo-out/interest-forecasts.jsonl")), HasSubstr("\"parts\":["));
}

TEST_F(DemoCommand, NamesWhatTheShippedNetworkAddsToGeneratedEvents) {
  ASSERT_EQ(shell("driftcast demo"), 0) << talk();
  EXPECT_THAT(printed(), ContainsRegex("the network \\(model demo\\): with it [0-9.]+ % better than EWMA, without it "
                                       "[0-9.]+ %; by mean absolute errors [0-9.]+ % and [0-9.]+ %; it alone gives the "
                                       "chances of purchase and departure\n"));
  EXPECT_THAT(bytes_in(dir_.path("demo-out/interest-forecasts.jsonl")), HasSubstr("\"lstm\":"));
  ASSERT_EQ(shell("driftcast demo --no-network"), 0) << talk();
  EXPECT_THAT(printed(), Not(HasSubstr("the network")));
}

TEST_F(DemoCommand, TheCommandItEndsWithWorks) {
  make_events();
  ASSERT_EQ(shell("driftcast demo --events events.jsonl.gz --out here --set topics.drift=drifts"), 0) << talk();
  EXPECT_THAT(printed(), Not(HasSubstr("planted")));
  const std::string text = printed();
  const std::string command = text.substr(text.rfind("\n  ") + 3);
  EXPECT_THAT(command, HasSubstr("--out here --set topics.drift=drifts"));
  EXPECT_EQ(shell(command), 0) << command << talk();
  EXPECT_THAT(printed(), HasSubstr("Drift signals"));
}

TEST_F(DemoCommand, ComesToTheSameWithOneThreadAsWithTwo) {
  make_events();
  const auto verdict = [&](const std::string& threads) {
    EXPECT_EQ(shell("driftcast demo --events events.jsonl.gz --labels labels.jsonl --set threads=" + threads), 0);
    return printed().substr(printed().find("found"));
  };
  EXPECT_EQ(verdict("1"), verdict("2"));
}

TEST_F(DemoCommand, MayBeRunAgainOnItsOwnEventsAndReplacesItsOutputs) {
  ASSERT_EQ(shell("mkdir demo-out && touch demo-out/.driftcast-demo && driftcast generate --events 500 --users 9 --out "
                  "demo-out/events.jsonl && driftcast demo --events demo-out/events.jsonl && cp -r demo-out before && "
                  "driftcast demo --events demo-out/events.jsonl && rm {before,demo-out}/summary.json && "
                  "diff -r before demo-out"),
            0)
      << printed() << talk();
}

TEST_F(DemoCommand, EventsOfAnotherMappingAreAPlainError) {
  std::ofstream(dir_.path("events.jsonl")) << "{\"uid\":\"a\"}\n{\"uid\":\"b\"}\n";
  EXPECT_EQ(shell("driftcast demo --events events.jsonl"), 65);
  EXPECT_THAT(
      talk(),
      AllOf(HasSubstr("none of the 2 records of 'events.jsonl' could be read as an event; the first one: "
                      "missing_field /user_id."),
            HasSubstr("`mapping`"), HasSubstr("config/examples"), HasSubstr("demo-out/interest-events-dlq.jsonl")));
  EXPECT_EQ(shell("driftcast demo --events events.jsonl --set mapping.user_id=/uid"), 65);
  EXPECT_THAT(talk(), HasSubstr("the first one: missing_field /item_id."));
}

TEST_F(DemoCommand, SaysWhatIsWrong) {
  std::ofstream(dir_.path("empty.jsonl")).flush();
  EXPECT_EQ(shell("driftcast demo --events empty.jsonl"), 65);
  EXPECT_THAT(talk(), HasSubstr("there are no events in 'empty.jsonl'"));
  EXPECT_EQ(shell("driftcast demo --events nothing.jsonl"), 66);
  EXPECT_EQ(shell("driftcast demo --events empty.jsonl --out ."), 77);
  EXPECT_THAT(talk(), HasSubstr("'.' is not empty and not a demo's"));
  EXPECT_EQ(shell("driftcast demo --set nonsense=1"), 78);
  EXPECT_EQ(shell("driftcast demo nonsense"), 64);
}

}  // namespace
}  // namespace driftcast
