// Output files with transactions: what is not committed leaves no byte, wherever the process stopped.
#include "pipeline/file_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "config/files.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::Optional;

OffsetCommit offset_of(Partition partition, Offset next) { return {partition, {next, 0}, 7, 1, Mark::kFormat}; }

class FileSinkTest : public testing::Test {
 protected:
  Result<std::unique_ptr<FileSink>> try_open(const std::string& out = "out") {
    return FileSink::open({dir_.path(out), false}, topics_, dir_.path("journal"));
  }
  std::unique_ptr<FileSink> open(const std::string& out = "out") {
    auto sink = try_open(out);
    EXPECT_TRUE(sink) << sink.error().message;
    return std::move(*sink);
  }
  static void write(FileSink& sink, Topic topic, std::string_view value) {
    Outbox outbox;
    outbox.add(topic, {1, 0}, "ann", value);
    sink.write(0, outbox);
  }
  static void commit(FileSink& sink, Offset next) {
    const std::vector<OffsetCommit> offsets = {offset_of(0, next), offset_of(1, 2 * next)};
    const auto committed = sink.commit(offsets);
    ASSERT_TRUE(committed) << committed.error().message;
  }
  std::string content(const std::string& file) { return read_if_present(dir_.path(file)).value(); }
  std::string forecasts(const std::string& out = "out") { return content(out + "/interest-forecasts.jsonl"); }

  ScratchDir dir_;
  TopicOptions topics_;
};

TEST_F(FileSinkTest, MakesAFilePerTopicAndPutsDriftAmongTheForecasts) {
  open();
  for (const char* topic : {"interest-forecasts", "interest-sessions", "interest-events-late", "interest-events-dlq"}) {
    EXPECT_TRUE(std::filesystem::exists(dir_.path(std::string("out/") + topic + ".jsonl"))) << topic;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_.path("out")), {}), 4);
}

TEST_F(FileSinkTest, HasItsDirectoryForItselfAsLongAsItLives) {
  {
    const auto owner = open();
    const auto second = try_open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kRefused);
    EXPECT_THAT(second.error().message, HasSubstr("in use"));
  }
  open();
}

TEST_F(FileSinkTest, TouchesNothingWhenStatesAreThereWithoutAJournal) {
  {
    auto sink = open();
    write(*sink, Topic::kForecasts, "one");
    commit(*sink, 1);
  }
  std::filesystem::remove(dir_.path("journal"));
  const auto refused = FileSink::open({dir_.path("out"), false}, topics_, dir_.path("journal"), true);
  ASSERT_FALSE(refused);
  EXPECT_EQ(forecasts(), "one\n");
}

TEST_F(FileSinkTest, WritesWhatIsCommittedInItsOrder) {
  auto sink = open();
  EXPECT_EQ(sink->committed(0), std::nullopt);
  write(*sink, Topic::kForecasts, "f1");
  write(*sink, Topic::kSessions, "s1");
  write(*sink, Topic::kDrift, "d1");
  EXPECT_EQ(forecasts(), "");
  commit(*sink, 10);
  write(*sink, Topic::kForecasts, "f2");
  commit(*sink, 20);
  EXPECT_EQ(forecasts(), "f1\nd1\nf2\n");
  EXPECT_EQ(content("out/interest-sessions.jsonl"), "s1\n");
  EXPECT_THAT(sink->committed(0), Optional(offset_of(0, 20)));
  EXPECT_THAT(sink->committed(1), Optional(offset_of(1, 40)));
  EXPECT_EQ(sink->committed(2), std::nullopt);
}

TEST_F(FileSinkTest, PutsDriftIntoAFileOfItsOwnWhenItHasATopic) {
  topics_.drift = "drift";
  auto sink = open();
  write(*sink, Topic::kForecasts, "f1");
  write(*sink, Topic::kDrift, "d1");
  commit(*sink, 10);
  EXPECT_EQ(forecasts(), "f1\n");
  EXPECT_EQ(content("out/drift.jsonl"), "d1\n");
}

TEST_F(FileSinkTest, PutsLateAndDeadLettersIntoAnEnvelope) {
  auto sink = open();
  Outbox outbox;
  outbox.add(Topic::kLate, {7, 2}, "ann", "{\"a\":1}", Reason::kLate);
  outbox.add(Topic::kDeadLetters, {8, 0}, "", "x", Reason::kWrongType, "/user_id");
  sink->write(3, outbox);
  commit(*sink, 10);
  EXPECT_EQ(content("out/interest-events-late.jsonl"),
            R"({"reason":"late","origin":{"partition":3,"offset":7},"key":"ann","value":"{\"a\":1}"})"
            "\n");
  EXPECT_EQ(content("out/interest-events-dlq.jsonl"),
            R"({"reason":"wrong_type","origin":{"partition":3,"offset":8},"key":null,"value":"x","field":"/user_id"})"
            "\n");
}

TEST_F(FileSinkTest, LeavesNoByteOfWhatWasAborted) {
  auto sink = open();
  write(*sink, Topic::kForecasts, "f1");
  commit(*sink, 10);
  write(*sink, Topic::kForecasts, "aborted");
  sink->abort();
  write(*sink, Topic::kForecasts, "f2");
  commit(*sink, 20);
  EXPECT_EQ(forecasts(), "f1\nf2\n");
}

TEST_F(FileSinkTest, GoesOnWhereTheLastCommitEnded) {
  {
    auto sink = open();
    write(*sink, Topic::kForecasts, "f1");
    commit(*sink, 10);
    write(*sink, Topic::kForecasts, "never committed");
  }
  auto sink = open();
  EXPECT_THAT(sink->committed(0), Optional(offset_of(0, 10)));
  write(*sink, Topic::kForecasts, "f2");
  commit(*sink, 20);
  EXPECT_EQ(forecasts(), "f1\nf2\n");
}

// As after a kill between the outputs and the journal's record.
TEST_F(FileSinkTest, CutsAnUncommittedTailWhenItIsOpened) {
  {
    auto sink = open();
    write(*sink, Topic::kForecasts, "f1");
    commit(*sink, 10);
  }
  std::ofstream(dir_.path("out/interest-forecasts.jsonl"), std::ios::app) << "torn";
  std::ofstream(dir_.path("out/interest-sessions.jsonl"), std::ios::app) << "torn";
  open();
  EXPECT_EQ(forecasts(), "f1\n");
  EXPECT_EQ(content("out/interest-sessions.jsonl"), "");
}

TEST_F(FileSinkTest, BeginsAfreshWithoutAJournal) {
  {
    auto sink = open();
    write(*sink, Topic::kForecasts, "of a run before");
    commit(*sink, 10);
  }
  std::filesystem::remove(dir_.path("journal"));
  const auto sink = open();
  EXPECT_EQ(forecasts(), "");
  EXPECT_EQ(sink->committed(0), std::nullopt);
}

TEST_F(FileSinkTest, BeginsEmptyInAnotherDirectoryAndCutsTheOldOneToWhatWasCommitted) {
  {
    auto sink = open("first");
    write(*sink, Topic::kForecasts, "f1");
    commit(*sink, 10);
  }
  std::ofstream(dir_.path("first/interest-forecasts.jsonl"), std::ios::app) << "torn";
  auto sink = open("second");
  EXPECT_EQ(forecasts("first"), "f1\n");
  EXPECT_THAT(sink->committed(0), Optional(offset_of(0, 10)));  // the input goes on all the same
  write(*sink, Topic::kForecasts, "f2");
  commit(*sink, 20);
  EXPECT_EQ(forecasts("first"), "f1\n");
  EXPECT_EQ(forecasts("second"), "f2\n");
}

TEST_F(FileSinkTest, KnowsItsDirectoryHoweverItIsWritten) {
  {
    auto sink = open("out");
    write(*sink, Topic::kForecasts, "f1");
    commit(*sink, 10);
  }
  std::filesystem::create_directory_symlink(dir_.path("out"), dir_.path("link"));
  for (const char* name : {"out/", "./link/../out/", "link"}) {
    open(name);
    EXPECT_EQ(forecasts(), "f1\n") << name;
  }
}

TEST_F(FileSinkTest, RefusesAFileShorterThanWhatWasCommittedToIt) {
  {
    auto sink = open();
    write(*sink, Topic::kForecasts, "f1");
    commit(*sink, 10);
  }
  std::filesystem::resize_file(dir_.path("out/interest-forecasts.jsonl"), 1);
  const auto sink = try_open();
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code, ErrorCode::kIo);
  EXPECT_THAT(sink.error().message, HasSubstr("is shorter than what was committed to it (1 of 3 bytes)"));
}

TEST_F(FileSinkTest, SaysWhereItCannotWrite) {
  std::ofstream(dir_.path("out")) << "a file";
  const auto sink = try_open();
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code, ErrorCode::kCannotCreate);
}

// Limits the size of every file this process writes: as good as a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &saved_);
    const rlimit tight{bytes, saved_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &tight);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &saved_); }

 private:
  rlimit saved_{};
};

TEST_F(FileSinkTest, LeavesNoByteOfACommitThatFails) {
  auto sink = open();
  write(*sink, Topic::kForecasts, "f1");
  commit(*sink, 10);
  write(*sink, Topic::kSessions, "s2");
  write(*sink, Topic::kForecasts, std::string(5000, 'x'));
  {
    const FullDisk full(2000);
    const std::vector<OffsetCommit> offsets = {offset_of(0, 20)};
    const auto committed = sink->commit(offsets);
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().code, ErrorCode::kIo);
    sink->abort();
  }
  EXPECT_EQ(forecasts(), "f1\n");
  EXPECT_EQ(content("out/interest-sessions.jsonl"), "");
  EXPECT_THAT(sink->committed(0), Optional(offset_of(0, 10)));
  write(*sink, Topic::kForecasts, "f2");
  commit(*sink, 20);
  EXPECT_EQ(forecasts(), "f1\nf2\n");
}

// The outputs are out, the journal's record is not: they must not count.
TEST_F(FileSinkTest, LeavesNoByteWhenOnlyTheJournalIsFull) {
  auto sink = open();
  for (Offset next = 1; next <= 20; ++next) commit(*sink, next);  // the journal has grown
  write(*sink, Topic::kForecasts, "not committed");
  {
    const FullDisk full(std::filesystem::file_size(dir_.path("journal")) + 5);
    const std::vector<OffsetCommit> offsets = {offset_of(0, 21)};
    ASSERT_FALSE(sink->commit(offsets));
    sink->abort();
  }
  EXPECT_EQ(forecasts(), "");
  sink.reset();
  sink = open();
  EXPECT_THAT(sink->committed(0), Optional(offset_of(0, 20)));
  write(*sink, Topic::kForecasts, "f1");
  commit(*sink, 21);
  EXPECT_EQ(forecasts(), "f1\n");
}

}  // namespace
}  // namespace driftcast
