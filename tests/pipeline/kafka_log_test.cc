// The log in Kafka, on a real broker: what is read, what a transaction shows and hides, and who is fenced.
#include "pipeline/kafka_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "pipeline/kafka_offset.h"
#include "pipeline/wire.h"
#include "tests/pipeline/support/kafka_broker.h"
#include "tests/pipeline/support/kafka_job.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::UnorderedElementsAre;

OffsetCommit commit_of(Partition partition, Offset next, std::uint64_t mark_epoch = 1) {
  return {partition, {next, 3}, 0xfedc'ba98'7654'3210, mark_epoch, Mark::kFormat, 17, 0xffff'ffff'ffff'ffff};
}

Mark mark_of(std::uint64_t epoch) {
  Mark mark;
  mark.epoch = epoch;
  mark.counters[2] = 7;
  return mark;
}

// As it is read back from an input of so many partitions.
OffsetCommit of_input(int partitions, OffsetCommit commit) {
  commit.partitions = partitions;
  return commit;
}

std::unique_ptr<KafkaLog> open(const KafkaJob& job, Until until = Until::kEnd) {
  auto log = open_log(job.settings(), until);
  if (!log) return nullptr;
  for (const Partition partition : log->assigned()) {
    EXPECT_TRUE(log->seek(partition, log->start_offset(partition)));
  }
  return log;
}

// Everything up to the end, a record each as "offset key=value".
std::vector<std::string> read_to_end(KafkaLog& log, Partition partition, std::size_t max = 100) {
  std::vector<std::string> lines;
  while (!log.exhausted(partition)) {
    Slice slice;
    if (auto polled = log.poll(partition, max, slice); !polled) return {polled.error().message};
    EXPECT_LE(slice.records.size(), max);
    for (const Record& r : slice.records) {
      lines.push_back(std::to_string(r.offset) + " " + std::string(r.key) + "=" +
                      std::string(r.value.value_or("(none)")));
    }
  }
  return lines;
}

// The changelog as text: "offset key=value", "offset -key", "offset mark epoch".
std::vector<std::string> changelog(KafkaLog& log, Partition partition, Offset from = 0) {
  std::vector<std::string> lines;
  const auto replayed = log.replay_changelog(partition, from, [&](ChangelogRecord&& r) {
    std::string line = std::to_string(r.offset) + " ";
    if (r.mark) line += "mark " + std::to_string(r.mark->epoch) + " next " + std::to_string(r.mark->changelog_offset);
    if (r.entry) line += r.entry->value ? r.entry->key + "=" + *r.entry->value : "-" + r.entry->key;
    lines.push_back(std::move(line));
    return Result<bool>(true);
  });
  EXPECT_TRUE(replayed) << replayed.error().message;
  return lines;
}

Outbox forecast(std::string_view user, std::string_view value) {
  Outbox outbox;
  outbox.add(Topic::kForecasts, {1, 0}, user, value);
  return outbox;
}

void write_epoch(KafkaLog& log, std::string_view value, Offset next) {
  ASSERT_TRUE(log.begin());
  ASSERT_TRUE(log.write(0, forecast("ann", value)));
  ASSERT_TRUE(log.send_offsets(std::array{commit_of(0, next)}));
}

TEST(KafkaOffsetText, ReadsBackAsItWasWritten) {
  for (const int partitions : {0, 12}) {
    const OffsetCommit commit = of_input(partitions, commit_of(2, 1LL << 60));
    const auto read = read_offset_text(2, 1LL << 60, offset_text(commit));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, commit);
  }
}

TEST(KafkaOffsetText, IsRefusedWhenItIsNotOursOrTheOffsetWasMoved) {
  EXPECT_THAT(read_offset_text(2, 5, "").error().message, HasSubstr("was not made by driftcast"));
  EXPECT_THAT(read_offset_text(2, 5, offset_text(commit_of(2, 5)) + "x").error().message,
              HasSubstr("was not made by driftcast"));
  EXPECT_THAT(read_offset_text(2, 6, offset_text(commit_of(2, 5))).error().message,
              HasSubstr("is 6, but was 5 when driftcast committed it"));
}

TEST(KafkaLog, HandsOutThePartitionsInOrderUpToTheEndThatWasThereWhenItWasOpened) {
  KafkaJob job(2);
  job.produce({{.key = "ann", .value = "a", .partition = 0, .timestamp_ms = 1'700'000'000'000},
               {.key = "ann", .value = std::nullopt, .partition = 0},
               {.key = std::nullopt, .value = "", .partition = 0},
               {.key = "bob", .value = "b", .partition = 1}});
  const auto log = open(job);
  ASSERT_TRUE(log);
  job.produce({{.key = "ann", .value = "too late", .partition = 0}});
  EXPECT_THAT(log->assigned(), ElementsAre(0, 1));
  EXPECT_EQ(log->start_offset(0), 0);
  EXPECT_THAT(read_to_end(*log, 0, 2), ElementsAre("0 ann=a", "1 ann=(none)", "2 ="));
  EXPECT_THAT(read_to_end(*log, 1), ElementsAre("0 bob=b"));
}

TEST(KafkaLog, KeepsRecordsAliveAndPaddedAfterTheClientHasLetThemGo) {
  KafkaJob job(1);
  job.produce({{.key = "ann", .value = "first"}, {.key = "bob", .value = "second"}});
  Slice slice;
  {
    const auto log = open(job);
    ASSERT_TRUE(log);
    while (slice.records.empty()) ASSERT_TRUE(log->poll(0, 1, slice));
  }
  EXPECT_EQ(slice.records[0].key, "ann");
  EXPECT_EQ(*slice.records[0].value, "first");
  EXPECT_EQ(std::string_view(slice.records[0].value->data() + 5, kPadding), std::string(kPadding, '\0'));
}

TEST(KafkaLog, GoesWhereItIsSentAlsoBack) {
  KafkaJob job(2);
  for (const char* value : {"a", "b", "c"}) {
    job.produce({{.value = value, .partition = 0}, {.value = value, .partition = 1}});
  }
  const auto log = open(job);
  ASSERT_TRUE(log);
  EXPECT_THAT(read_to_end(*log, 0), ElementsAre("0 =a", "1 =b", "2 =c"));
  ASSERT_TRUE(log->seek(0, 1));
  EXPECT_FALSE(log->exhausted(0));
  EXPECT_THAT(read_to_end(*log, 0), ElementsAre("1 =b", "2 =c"));
  EXPECT_THAT(read_to_end(*log, 1), ElementsAre("0 =a", "1 =b", "2 =c"));
  ASSERT_TRUE(log->seek(0, 3));
  EXPECT_TRUE(log->exhausted(0));
}

// librdkafka dies when partitions are taken away again that are still ending from the time before.
TEST(KafkaLog, MayBeSentElsewhereTimeAndAgain) {
  KafkaJob job(2);
  job.produce({{.key = "a", .value = "0", .partition = 0}, {.key = "b", .value = "1", .partition = 1}});
  const auto log = open(job);
  ASSERT_TRUE(log);
  for (int again = 0; again < 100; ++again) {
    for (const Partition partition : {0, 1}) ASSERT_TRUE(log->seek(partition, 0));
    Slice slice;
    ASSERT_TRUE(log->poll(again % 2, 10, slice));
  }
  ASSERT_TRUE(log->seek(1, 0));
  EXPECT_THAT(read_to_end(*log, 1), ElementsAre("0 b=1"));
}

// The ends of transactions have offsets too, and what was aborted is never seen.
TEST(KafkaLog, FindsTheEndBehindTransactions) {
  KafkaJob job(1);
  job.begin({{.value = "committed"}}).commit();
  job.begin({{.value = "aborted"}}).abort();
  const auto log = open(job);
  ASSERT_TRUE(log);
  EXPECT_THAT(read_to_end(*log, 0), ElementsAre("0 =committed"));
  ASSERT_TRUE(log->seek(0, 1));
  EXPECT_FALSE(log->exhausted(0));
  EXPECT_THAT(read_to_end(*log, 0), IsEmpty());
}

// Nothing is decided that is not in the input, so nothing needs to be kept of it: what is gone is told, never skipped.
TEST(CommitRule11, AGapInTheInputIsToldAndNotSkipped) {
  KafkaJob job(1);
  job.produce({{.value = "a"}});
  const auto log = open(job, Until::kForever);
  ASSERT_TRUE(log);
  ASSERT_TRUE(log->seek(0, 100));
  Result<void> polled;
  Slice slice;
  while (polled) polled = log->poll(0, 10, slice);
  EXPECT_EQ(polled.error().code, ErrorCode::kData);
  EXPECT_THAT(polled.error().message, HasSubstr("no longer has its record at offset 100"));
}

TEST(KafkaLog, ShowsATransactionWholeWhenItCommits) {
  KafkaJob job(2);
  const auto log = open(job);
  ASSERT_TRUE(log);
  EXPECT_THAT(*log->committed(0), testing::Eq(std::nullopt));
  ASSERT_TRUE(log->begin());
  ASSERT_TRUE(log->write(0, forecast("ann", "fine")));
  Outbox letters;
  letters.add(Topic::kDeadLetters, {4, 0}, "", "broken", Reason::kSyntax);
  ASSERT_TRUE(log->write(1, letters));
  const std::array entries = {Entry{TableId::kUsers, "ann", std::string("\0state", 6)},
                              Entry{TableId::kLedger, "bob", std::nullopt}};
  const auto next = log->write_changelog(1, entries, mark_of(5));
  ASSERT_TRUE(next);
  EXPECT_EQ(*next, 3);
  ASSERT_TRUE(log->send_offsets(std::array{commit_of(0, 10), commit_of(1, 20)}));
  ASSERT_TRUE(log->commit());
  EXPECT_THAT(job.outputs(Topic::kForecasts), ElementsAre("ann fine"));
  std::string letter;
  append_envelope(letter, 1, letters[0]);
  EXPECT_THAT(job.outputs(Topic::kDeadLetters), ElementsAre("(null) " + letter));
  EXPECT_THAT(*log->committed(0), Optional(of_input(2, commit_of(0, 10))));
  EXPECT_THAT(*log->committed(1), Optional(of_input(2, commit_of(1, 20))));
  EXPECT_THAT(changelog(*log, 1), ElementsAre("0 ann=" + std::string("\0state", 6), "1 -bob", "2 mark 5 next 3"));
  EXPECT_THAT(changelog(*log, 1, *next), IsEmpty());
}

TEST(KafkaLog, ShowsNothingOfATransactionThatIsAborted) {
  KafkaJob job(1);
  const auto log = open(job);
  ASSERT_TRUE(log);
  write_epoch(*log, "never", 10);
  ASSERT_TRUE(log->write_changelog(0, {}, mark_of(1)));
  ASSERT_TRUE(log->abort());
  EXPECT_THAT(job.outputs(Topic::kForecasts), IsEmpty());
  EXPECT_THAT(*log->committed(0), testing::Eq(std::nullopt));
  write_epoch(*log, "next", 11);
  ASSERT_TRUE(log->commit());
  EXPECT_THAT(job.outputs(Topic::kForecasts), ElementsAre("ann next"));
}

TEST(KafkaLog, TellsHowMuchIsReadOfAnInputThatEnds) {
  KafkaJob job(2);
  job.produce({{.value = "0", .partition = 0}, {.value = "1", .partition = 0}, {.value = "2", .partition = 1}});
  job.begin({{.value = "3", .partition = 1}}).commit();  // behind it is a mark that nobody reads
  const auto log = open(job);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->progress(), 0);
  EXPECT_THAT(read_to_end(*log, 0), testing::SizeIs(2));
  EXPECT_DOUBLE_EQ(log->progress(), 2.0 / 5);
  EXPECT_THAT(read_to_end(*log, 1), testing::SizeIs(2));
  EXPECT_EQ(log->progress(), 1);
  ASSERT_TRUE(log->seek(0, 1));  // it is recovered from there
  EXPECT_DOUBLE_EQ(log->progress(), 4.0 / 5);
}

TEST(KafkaLog, KnowsNoProgressWhereThereIsNoEnd) {
  KafkaJob job(1);
  job.produce({{.value = "0"}});
  const auto log = open(job, Until::kForever);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->progress(), 0);
}

TEST(KafkaLog, AbortsWhatADeadInstanceLeftOpen) {
  KafkaJob job(1);
  {
    const auto dead = open(job);
    ASSERT_TRUE(dead);
    write_epoch(*dead, "never", 10);
    ASSERT_TRUE(dead->write_changelog(0, {}, mark_of(1)));
  }
  const auto log = open(job);
  ASSERT_TRUE(log);
  EXPECT_THAT(*log->committed(0), testing::Eq(std::nullopt));
  EXPECT_THAT(changelog(*log, 0), IsEmpty());
  EXPECT_THAT(job.outputs(Topic::kForecasts), IsEmpty());
}

TEST(KafkaLog, FencesTheInstanceOfItsNameForGood) {
  KafkaJob job(1);
  const auto zombie = open(job);
  ASSERT_TRUE(zombie);
  write_epoch(*zombie, "never", 10);
  const auto log = open(job);
  ASSERT_TRUE(log);
  const auto late = zombie->commit();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kRollback);
  EXPECT_TRUE(zombie->abort());
  const std::atomic<bool> never{false};
  const auto again = zombie->acquire(never);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kRestart);
  EXPECT_THAT(again.error().message, HasSubstr("has the same kafka.instance"));
  write_epoch(*log, "fine", 11);
  ASSERT_TRUE(log->commit());
  EXPECT_THAT(job.outputs(Topic::kForecasts), ElementsAre("ann fine"));
}

TEST(KafkaLog, RefusesAChangelogWhoseOffsetsAreNotThere) {
  KafkaJob job(1);
  {
    const auto log = open(job);
    ASSERT_TRUE(log);
    ASSERT_TRUE(log->begin());
    ASSERT_TRUE(log->write_changelog(0, {}, mark_of(1)));
    ASSERT_TRUE(log->commit());
  }
  Settings other = job.settings();
  other.pipeline.kafka.group += "-other";
  const auto log = open_log(other);
  ASSERT_TRUE(log);
  const auto committed = log->committed(0);
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kConfig);
  EXPECT_THAT(committed.error().message, HasSubstr("the changelog holds states"));
}

// A member that is asked for its partitions would keep the whole group waiting.
TEST(KafkaLog, WaitsForAnOpenTransactionOnlyAsLongAsItIsWanted) {
  KafkaJob job(1);
  const auto log = open(job);
  ASSERT_TRUE(log);
  const KafkaTransaction open_one = KafkaBroker::shared().begin(job.settings().pipeline.topics.changelog,
                                                                {{.key = "\1ann", .value = "hidden", .partition = 0}});
  const auto never = [](ChangelogRecord&&) { return Result<bool>(true); };
  const auto began = std::chrono::steady_clock::now();
  int asked = 0;
  const auto replayed = log->replay_changelog(0, 0, never, [&] { return ++asked < 2; });
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error().code, ErrorCode::kRollback) << replayed.error().message;
  const auto first_run = log->committed(0, [] { return false; });
  ASSERT_FALSE(first_run);
  EXPECT_EQ(first_run.error().code, ErrorCode::kRollback) << first_run.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{10});
}

TEST(KafkaLog, WaitsForAnOffsetThatMayStillChangeOnlyAsLongAsItIsWanted) {
  KafkaJob job(1);
  const auto log = open(job);
  ASSERT_TRUE(log);
  write_epoch(*log, "pending", 10);
  const auto began = std::chrono::steady_clock::now();
  const auto committed = log->committed(0, [] { return false; });
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kRollback) << committed.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{5});
  EXPECT_TRUE(log->abort());
}

// A start looks at one record of each: were each look half a second, many partitions would be many seconds.
TEST(KafkaLog, FindsTheMarksOfManyPartitionsAtOnce) {
  constexpr int kMany = 16;
  KafkaJob job(kMany);
  const auto log = open(job);
  ASSERT_TRUE(log);
  ASSERT_TRUE(log->begin());
  for (const Partition partition : first_partitions(kMany)) {
    ASSERT_TRUE(log->write_changelog(partition, {}, mark_of(5)));
  }
  ASSERT_TRUE(log->commit());
  const auto began = std::chrono::steady_clock::now();
  for (const Partition partition : first_partitions(kMany)) {
    bool found = false;
    ASSERT_TRUE(log->replay_changelog(partition, 0, [&](ChangelogRecord&& record) -> Result<bool> {
      found = record.mark.has_value();
      return false;
    }));
    EXPECT_TRUE(found);
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  RecordProperty("seconds", std::to_string(taken.count()));
  EXPECT_LT(taken.count(), 0.25 * kMany);
}

// Whatever the group has just said or is about to say: a client that answers while it closes may wait for ever.
TEST(KafkaLog, MayBeDroppedAtAnyTimeWhileItJoins) {
  KafkaJob job(1);
  for (int wait_ms = 0; wait_ms < 30; wait_ms += 2) {
    const auto log = KafkaLog::open(job.settings().pipeline, Until::kEnd);
    ASSERT_TRUE(log) << log.error().message;
    std::this_thread::sleep_for(std::chrono::milliseconds{wait_ms});
  }
  const auto log = open(job);
  ASSERT_TRUE(log);
  EXPECT_THAT(log->assigned(), ElementsAre(0));
}

TEST(KafkaLog, SaysWhichTopicIsMissingOrHasOtherPartitions) {
  KafkaJob job(2);
  Settings settings = job.settings();
  settings.pipeline.topics.late = "not-there";
  auto log = KafkaLog::open(settings.pipeline, Until::kEnd);
  EXPECT_EQ(log.error().code, ErrorCode::kConfig);
  EXPECT_EQ(log.error().message, "there is no topic 'not-there'");
  settings = job.settings();
  std::swap(settings.pipeline.topics.changelog, settings.pipeline.topics.late);
  log = KafkaLog::open(settings.pipeline, Until::kEnd);
  EXPECT_THAT(log.error().message, HasSubstr("has 1 partitions, but"));
}

}  // namespace
}  // namespace driftcast
