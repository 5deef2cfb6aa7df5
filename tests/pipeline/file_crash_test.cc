// Crashes of the real program: a run on a file that is killed, stopped or refused, and then goes on, leaves the same
// outputs as one that was let alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "core/hash.h"
#include "pipeline/file_source.h"
#include "pipeline/generator/random.h"
#include "pipeline/journal.h"
#include "pipeline/kill_point.h"
#include "state/rocksdb_store.h"
#include "tests/pipeline/support/child.h"
#include "tests/pipeline/support/lines_of.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::HasSubstr;

constexpr int kPartitions = 3;
const std::array<std::string, 4> kTopicNames = {"interest-forecasts", "interest-sessions", "interest-events-late",
                                                "interest-events-dlq"};

std::string bytes_of(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

std::string between(const std::string& line, const std::string& before, char after) {
  const std::size_t begin = line.find(before);
  if (begin == std::string::npos) return "";
  return line.substr(begin + before.size(), line.find(after, begin + before.size()) - begin - before.size());
}

// Of an event, an output or an envelope.
int partition_of_line(const std::string& line) {
  const std::string origin = between(line, R"("origin":{"partition":)", ',');
  if (!origin.empty()) return std::stoi(origin);
  const std::string user = between(line, R"("user":")", '"');
  return partition_of(user.empty() ? between(line, R"("user_id":")", '"') : user, kPartitions);
}

// Outputs of one or more directories, one after the other: per topic and partition, in order. Between partitions the
// order is nobody's promise.
using Published = std::map<std::string, std::vector<std::string>>;

Published published(const std::vector<std::string>& dirs) {
  Published result;
  for (const std::string& dir : dirs) {
    for (const std::string& topic : kTopicNames) {
      for (const std::string& line : lines_of(dir + "/" + topic + ".jsonl")) {
        result[topic + " " + std::to_string(partition_of_line(line))].push_back(line);
      }
    }
  }
  return result;
}

std::string counters_of(const std::string& dir) {
  const std::string summary = bytes_of(dir + "/summary.json");
  return summary.substr(0, summary.find(",\"wall_s\""));
}

// What a partition of a topic holds, when it is not the same in both.
std::string difference(const Published& expected, const Published& found) {
  for (const auto& [name, lines] : expected) {
    const auto at = found.find(name);
    const std::vector<std::string> none;
    const std::vector<std::string>& others = at == found.end() ? none : at->second;
    if (lines == others) continue;
    const auto place = std::mismatch(lines.begin(), lines.end(), others.begin(), others.end()).first - lines.begin();
    return name + ": " + std::to_string(others.size()) + " lines instead of " + std::to_string(lines.size()) +
           ", different from line " + std::to_string(place);
  }
  return expected.size() == found.size() ? "" : "there is more than expected";
}

// The partition of every line of an input, in order, as the source sees it: rubbish goes by all its bytes.
std::vector<int> partitions_of(const std::string& input) {
  PipelineOptions options;
  options.source.path = input;
  options.source.partitions = kPartitions;
  options.source.close = false;
  auto source = FileSource::open(options);
  EXPECT_TRUE(source);
  std::map<std::string, int, std::less<>> found;
  for (bool more = true; more;) {
    more = false;
    for (Partition p = 0; p < kPartitions; ++p) {
      Slice slice;
      EXPECT_TRUE((*source)->poll(p, 1000, slice));
      for (const Record& record : slice.records) found[std::string(*record.value)] = p;
      more = more || !(*source)->exhausted(p);
    }
  }
  std::vector<int> partitions;
  for (const std::string& line : lines_of(input)) partitions.push_back(found.at(line));
  return partitions;
}

class FileCrash : public testing::Test {
 protected:
  // The input and the outputs of a run that was let alone; made once for all tests of this process.
  struct Model {
    ScratchDir dir;
    std::string input = dir.path("events.jsonl");
    Published outputs;
    std::string counters;

    Model() {
      const Ended generated =
          run_child({"generate", "--events", "6000", "--users", "150", "--days", "20", "--seed", "5", "--late", "0.01",
                     "--duplicates", "0.01", "--broken", "0.01", "--drift-share", "0.3", "--out", input});
      EXPECT_EQ(generated.code, 0) << generated.talk;
      const std::string out = dir.path("out");
      const Ended ended = run_child({"run", "--set", "source.path=" + input, "--set", "sink.dir=" + out, "--set",
                                     "source.partitions=" + std::to_string(kPartitions)});
      EXPECT_EQ(ended.code, 0) << ended.talk;
      outputs = published({out});
      counters = counters_of(out);
    }
  };

  static const Model& model() {
    static const Model made;
    return made;
  }

  // Arguments of a run with many small epochs and a state directory, in this test's own directory.
  std::vector<std::string> arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> sets = {"source.path=" + model().input,
                                     "sink.dir=" + out(),
                                     "state.dir=" + state(),
                                     "source.partitions=" + std::to_string(kPartitions),
                                     "source.slice=40",
                                     "epoch.bytes=20KiB",
                                     "epoch.interval=2ms",
                                     "changelog.interval=20ms"};
    sets.insert(sets.end(), more.begin(), more.end());
    std::vector<std::string> result{"run"};
    for (const std::string& set : sets) result.insert(result.end(), {"--set", set});
    return result;
  }
  std::string out() const { return dir_.path("out"); }
  std::string state() const { return dir_.path("state"); }

  void forget_all() const {
    std::filesystem::remove_all(out());
    std::filesystem::remove_all(state());
  }

  // Lets it run to the end, and compares.
  void expect_the_rest(const std::string& what) const {
    const Ended ended = run_child(arguments());
    ASSERT_EQ(ended.code, 0) << what << ": " << ended.talk;
    ASSERT_EQ(difference(model().outputs, published({out()})), "") << what;
    ASSERT_EQ(counters_of(out()), model().counters) << what;
  }

  // Leaves outputs and states in the middle of the input; epochs end by their bytes, so it is always the same place.
  void die_in_the_middle() const {
    const Ended ended = run_child(arguments({"threads=1", "epoch.interval=1m"}), "after_commit:20");
    ASSERT_EQ(ended.signal, SIGKILL) << ended.talk;
    ASSERT_FALSE(lines_of(out() + "/interest-sessions.jsonl").empty());
  }

  ScratchDir dir_;
};

TEST_F(FileCrash, ARunWithAStateDirectoryGivesWhatOneWithoutGives) { expect_the_rest("never killed"); }

#ifdef DRIFTCAST_KILL_POINTS

TEST_F(FileCrash, AtEveryNamedPointLosesAndRepeatsNothing) {
  for (const std::string_view point : kKillPointNames) {
    forget_all();
    int deaths = 0;
    for (const int pass : {1, 2, 7}) {
      for (const char* threads : {"threads=1", "threads=2"}) {
        const Ended ended = run_child(arguments({threads}), std::string(point) + ":" + std::to_string(pass));
        ASSERT_TRUE(ended.signal == SIGKILL || ended.code == 0) << ended.talk;
        deaths += ended.signal == SIGKILL ? 1 : 0;
      }
    }
    EXPECT_GE(deaths, 3) << point;
    expect_the_rest(std::string(point));
  }
}

#endif

TEST_F(FileCrash, ByAKillAtAnyTimeLosesAndRepeatsNothing) {
  Random random(1);
  for (int saga = 0; saga < 6; ++saga) {
    forget_all();
    for (int life = 0; life < 4; ++life) {
      const Interruption kill{SIGKILL, random.between(1'000, 250'000)};
      run_child(arguments({random.chance(0.5) ? "threads=1" : "threads=2"}), "", kill);
    }
    expect_the_rest("saga " + std::to_string(saga));
  }
}

TEST_F(FileCrash, ARunThatIsAskedToStopEndsWellAndGoesOnLater) {
  Random random(2);
  for (int stop = 0; stop < 8; ++stop) {
    const Interruption ask{stop % 2 == 0 ? SIGTERM : SIGINT, random.between(30'000, 150'000)};
    const Ended ended = run_child(arguments({stop % 4 < 2 ? "threads=1" : "threads=2"}), "", ask);
    ASSERT_TRUE(ended.code == 0 || ended.signal == ask.signal) << ended.talk;  // by the signal: before it was watched
  }
  expect_the_rest("stopped");
  const std::string bytes = bytes_of(out() + "/interest-forecasts.jsonl");
  expect_the_rest("run again when all is done");
  EXPECT_EQ(bytes_of(out() + "/interest-forecasts.jsonl"), bytes);
}

TEST_F(FileCrash, ALostStoreIsRebuiltFromTheInput) {
  die_in_the_middle();
  std::filesystem::remove_all(state() + "/store");
  expect_the_rest("without store");
}

TEST_F(FileCrash, WhatWasWrittenButNeverCommittedIsCutOff) {
  die_in_the_middle();
  std::ofstream(out() + "/interest-forecasts.jsonl", std::ios::app) << R"({"half of a li)";
  std::ofstream(state() + "/journal", std::ios::app) << "torn";
  expect_the_rest("with torn ends");
}

TEST_F(FileCrash, InAnotherDirectoryTheOutputsGoOnWhereTheyStoodInTheFirst) {
  die_in_the_middle();
  const std::string second = dir_.path("second");
  const Ended ended = run_child(arguments({"sink.dir=" + second}));
  ASSERT_EQ(ended.code, 0) << ended.talk;
  EXPECT_EQ(difference(model().outputs, published({out(), second})), "");
}

// --- what is refused, and leaves everything as it was ---

TEST_F(FileCrash, AnotherConfigurationIsRefused) {
  die_in_the_middle();
  for (const char* dial :
       {"session.gap=31m", "time.lateness=2h", "source.partitions=4", "horizons=7,14", "output.explain=true"}) {
    const Ended refused = run_child(arguments({dial}));
    EXPECT_EQ(refused.code, 78) << dial;
    EXPECT_THAT(refused.talk, HasSubstr("another configuration")) << dial;
  }
  expect_the_rest("after refusals");
}

// Of the states nothing has reached the disk yet, and what little has may be taken away: the journal still knows.
TEST_F(FileCrash, AnotherConfigurationIsRefusedWhenTheStoreIsLost) {
  die_in_the_middle();
  std::filesystem::remove_all(state() + "/store");
  const Ended refused = run_child(arguments({"session.gap=31m"}));
  EXPECT_EQ(refused.code, 78) << refused.talk;
  expect_the_rest("after the refusal");
}

TEST_F(FileCrash, AStateDirectoryInUseIsRefused) {
  die_in_the_middle();
  {
    auto owner = RocksDbStore::open(state() + "/store", StateOptions{});
    ASSERT_TRUE(owner);
    const Ended refused = run_child(arguments());
    EXPECT_EQ(refused.code, 77);
    EXPECT_THAT(refused.talk, HasSubstr("in use"));
  }
  expect_the_rest("when the other has gone");
}

// The states of the shorter input, with its early end, must not get into the store meanwhile; nor the outputs of those
// partitions that are long enough.
TEST_F(FileCrash, AnInputThatEndsBeforeTheOutputsIsRefused) {
  die_in_the_middle();
  const std::string shorter = dir_.path("shorter.jsonl");
  for (const bool in_all : {true, false}) {
    {
      int left = 100;
      std::ofstream file(shorter);
      const auto lines = lines_of(model().input);
      const auto partitions = partitions_of(model().input);
      for (std::size_t i = 0; i < lines.size(); ++i) {
        const bool cut = in_all || partitions[i] == 1;
        if (!cut || --left > 0) file << lines[i] << '\n';
      }
    }
    for (const char* threads : {"threads=1", "threads=2"}) {
      const Ended refused = run_child(arguments({"source.path=" + shorter, threads}));
      EXPECT_EQ(refused.code, 65) << refused.talk;
      EXPECT_THAT(refused.talk, HasSubstr("before the outputs do"));
    }
  }
  std::filesystem::remove_all(state() + "/store");
  const Ended refused = run_child(arguments({"source.path=" + shorter}));
  EXPECT_EQ(refused.code, 65) << refused.talk;
  expect_the_rest("with the right input again");
}

// The states name no outputs: what is in the files could be anything, and is not touched.
TEST_F(FileCrash, ALostOrDestroyedJournalIsRefusedAndTheOutputsStayAsTheyAre) {
  ASSERT_EQ(run_child(arguments()).code, 0);
  const std::string path = state() + "/journal";
  const std::string before = bytes_of(path);
  const Published outputs = published({out()});
  for (const bool lost : {true, false}) {
    std::filesystem::remove(path);
    if (!lost) std::ofstream(path) << "no journal of ours";
    const Ended refused = run_child(arguments());
    EXPECT_EQ(refused.code, 74) << refused.talk;
    EXPECT_THAT(refused.talk, HasSubstr("is missing or destroyed"));
    EXPECT_EQ(difference(outputs, published({out()})), "");
  }
  std::ofstream(path, std::ios::binary) << before;
  expect_the_rest("with the journal put back");
}

TEST_F(FileCrash, AnInputThatGrewAfterItWasClosedIsRefused) {
  const std::string growing = dir_.path("growing.jsonl");
  std::filesystem::copy_file(model().input, growing);
  const std::string path = "source.path=" + growing;
  const Ended first = run_child(arguments({path}));
  ASSERT_EQ(first.code, 0) << first.talk;
  const Published outputs = published({out()});
  const Ended again = run_child(arguments({path}));
  ASSERT_EQ(again.code, 0) << "nothing new: " << again.talk;
  std::ofstream(growing, std::ios::app) << lines_of(model().input).back() << '\n';
  for (const bool store_is_lost : {false, true}) {
    if (store_is_lost) std::filesystem::remove_all(state() + "/store");
    const Ended refused = run_child(arguments({path}));
    EXPECT_EQ(refused.code, 65) << refused.talk;
    EXPECT_THAT(refused.talk, HasSubstr("has grown"));
    EXPECT_EQ(difference(outputs, published({out()})), "");
  }
}

TEST_F(FileCrash, ANewerFormatIsRefused) {
  die_in_the_middle();
  const std::string path = state() + "/journal";
  const std::string before = bytes_of(path);
  {
    auto journal = Journal::open(path);
    ASSERT_TRUE(journal);
    JournalRecord record = *journal->newest();
    for (OffsetCommit& offset : record.offsets) ++offset.format;
    ASSERT_TRUE(journal->append(record, false));
  }
  const Ended refused = run_child(arguments());
  EXPECT_EQ(refused.code, 78);
  EXPECT_THAT(refused.talk, HasSubstr("newer than this program's"));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << before;
  expect_the_rest("with its own format again");
}

TEST_F(FileCrash, OutputsThatWereTakenAwayAreMissed) {
  die_in_the_middle();
  const std::string path = out() + "/interest-sessions.jsonl";
  const std::string bytes = bytes_of(path);
  std::filesystem::resize_file(path, bytes.size() / 2);
  const Ended refused = run_child(arguments());
  EXPECT_EQ(refused.code, 74);
  EXPECT_THAT(refused.talk, HasSubstr("shorter than what was committed"));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  expect_the_rest("with its outputs again");
}

}  // namespace
}  // namespace driftcast
