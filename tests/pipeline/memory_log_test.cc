// The log in memory: transactions that happen whole or not at all, and a changelog that outlives its writers.
#include "pipeline/memory_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/hash.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

OffsetCommit offset_of(Partition partition, Offset next) { return {partition, {next, 0}, 7, 1, Mark::kFormat}; }

Mark mark_of(std::uint64_t epoch) {
  Mark mark;
  mark.epoch = epoch;
  return mark;
}

std::vector<std::string> poll(MemoryLog& log, Partition partition, std::size_t max) {
  Slice slice;
  EXPECT_TRUE(log.poll(partition, max, slice));
  std::vector<std::string> polled;
  for (const Record& r : slice.records) {
    polled.push_back(std::to_string(r.offset) + " " + std::string(r.key) + " " + std::string(*r.value));
  }
  return polled;
}

void write(MemoryLog& log, Partition partition, std::string_view value) {
  Outbox outbox;
  outbox.add(Topic::kForecasts, {1, 0}, "ann", value);
  ASSERT_TRUE(log.write(partition, outbox));
}

// The changelog as text: "offset key=value", "offset -key", "offset mark epoch".
std::vector<std::string> changelog(MemoryLog& log, Partition partition, Offset from = 0) {
  std::vector<std::string> lines;
  EXPECT_TRUE(log.replay_changelog(partition, from, [&](ChangelogRecord&& r) {
    std::string line = std::to_string(r.offset) + " ";
    if (r.mark) line += "mark " + std::to_string(r.mark->epoch) + " next " + std::to_string(r.mark->changelog_offset);
    if (r.entry) line += r.entry->value ? r.entry->key + "=" + *r.entry->value : "-" + r.entry->key;
    lines.push_back(std::move(line));
    return Result<bool>(true);
  }));
  return lines;
}

TEST(MemoryLog, HandsOutRecordsInOrderAndGoesBackWhenToldTo) {
  MemoryLog log(1);
  for (const char* value : {"a", "b", "c"}) log.append("ann", value);
  EXPECT_FALSE(log.exhausted(0));
  EXPECT_THAT(poll(log, 0, 2), ElementsAre("0 ann a", "1 ann b"));
  EXPECT_THAT(poll(log, 0, 2), ElementsAre("2 ann c"));
  EXPECT_TRUE(log.exhausted(0));
  EXPECT_THAT(poll(log, 0, 2), IsEmpty());
  log.append("ann", "d");
  EXPECT_FALSE(log.exhausted(0));
  ASSERT_TRUE(log.seek(0, 1));
  EXPECT_THAT(poll(log, 0, 9), ElementsAre("1 ann b", "2 ann c", "3 ann d"));
}

TEST(MemoryLog, SpreadsRecordsByTheirKey) {
  MemoryLog log(3);
  log.append("ann", "x");
  const Partition home = partition_of("ann", 3);
  for (Partition p = 0; p < 3; ++p) EXPECT_EQ(poll(log, p, 9).size(), p == home ? 1U : 0U);
}

TEST(MemoryLog, KeepsRecordsAliveWhileMoreAreAppended) {
  MemoryLog log(1);
  log.append("ann", "first");
  Slice slice;
  ASSERT_TRUE(log.poll(0, 1, slice));
  for (int i = 0; i < 1000; ++i) log.append("bob", "more");
  EXPECT_EQ(slice.records[0].key, "ann");
  EXPECT_EQ(*slice.records[0].value, "first");
}

TEST(MemoryLog, TellsATombstoneFromAnEmptyValue) {
  MemoryLog log(1);
  log.append("ann", std::nullopt);
  log.append("ann", "");
  Slice slice;
  ASSERT_TRUE(log.poll(0, 9, slice));
  EXPECT_EQ(slice.records[0].value, std::nullopt);
  EXPECT_EQ(slice.records[1].value, "");
}

TEST(MemoryLog, ShowsATransactionOnceItIsCommitted) {
  MemoryLog log(2);
  ASSERT_TRUE(log.begin());
  write(log, 0, "f1");
  const std::vector<Entry> entries = {{TableId::kUsers, "ann", "1"}};
  EXPECT_EQ(log.write_changelog(1, entries, mark_of(5)).value(), 2);
  const std::vector<OffsetCommit> offsets = {offset_of(0, 3), offset_of(1, 4)};
  ASSERT_TRUE(log.send_offsets(offsets));
  EXPECT_THAT(log.outputs(0), IsEmpty());
  EXPECT_THAT(changelog(log, 1), IsEmpty());
  EXPECT_EQ(log.committed(0).value(), std::nullopt);
  ASSERT_TRUE(log.commit());
  EXPECT_THAT(log.outputs(0), ElementsAre("forecasts ann f1"));
  EXPECT_THAT(changelog(log, 1), ElementsAre("0 ann=1", "1 mark 5 next 2"));
  EXPECT_THAT(log.committed(0).value(), Optional(offset_of(0, 3)));
  EXPECT_THAT(log.committed(1).value(), Optional(offset_of(1, 4)));
}

// Whether it is aborted or its writer dies: the next transaction finds nothing of it.
TEST(MemoryLog, ForgetsATransactionThatDidNotCommit) {
  for (const bool dies : {false, true}) {
    MemoryLog log(1);
    ASSERT_TRUE(log.begin());
    write(log, 0, "lost");
    ASSERT_TRUE(log.write_changelog(0, {}, mark_of(1)));
    const std::vector<OffsetCommit> offsets = {offset_of(0, 3)};
    ASSERT_TRUE(log.send_offsets(offsets));
    if (dies) {
      log.new_instance();
    } else {
      ASSERT_TRUE(log.abort());
    }
    ASSERT_TRUE(log.begin());
    write(log, 0, "f1");
    ASSERT_TRUE(log.write_changelog(0, {}, mark_of(2)));
    ASSERT_TRUE(log.commit());
    EXPECT_THAT(log.outputs(0), ElementsAre("forecasts ann f1"));
    EXPECT_THAT(changelog(log, 0), ElementsAre("0 mark 2 next 1"));
    EXPECT_EQ(log.committed(0).value(), std::nullopt);
  }
}

TEST(MemoryLog, LetsANewInstanceReadFromTheStart) {
  MemoryLog log(1);
  log.append("ann", "a");
  EXPECT_EQ(poll(log, 0, 9).size(), 1U);
  log.new_instance();
  EXPECT_THAT(poll(log, 0, 9), ElementsAre("0 ann a"));
}

TEST(MemoryLog, ReplaysFromAnOffsetUntilTheConsumerHasEnough) {
  MemoryLog log(1);
  for (const std::uint64_t epoch : {1, 2}) {
    ASSERT_TRUE(log.begin());
    const std::vector<Entry> entries = {{TableId::kUsers, "ann", std::to_string(epoch)}};
    ASSERT_TRUE(log.write_changelog(0, entries, mark_of(epoch)));
    ASSERT_TRUE(log.commit());
  }
  EXPECT_THAT(changelog(log, 0, 2), ElementsAre("2 ann=2", "3 mark 2 next 4"));
  int seen = 0;
  ASSERT_TRUE(log.replay_changelog(0, 0, [&](ChangelogRecord&&) { return Result<bool>(++seen < 3); }));
  EXPECT_EQ(seen, 3);
  const auto failed =
      log.replay_changelog(0, 0, [](ChangelogRecord&&) { return Result<bool>(error(ErrorCode::kIo, "no")); });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "no");
}

TEST(MemoryLog, KeepsOffsetsAndTheNewestOfEachKeyWhenCompacted) {
  MemoryLog log(1);
  const std::vector<std::vector<Entry>> snapshots = {
      {{TableId::kUsers, "ann", "1"}, {TableId::kLedger, "ann", "L"}, {TableId::kUsers, "bob", "1"}},
      {{TableId::kUsers, "ann", "2"}, {TableId::kUsers, "bob", std::nullopt}}};
  for (std::uint64_t epoch = 1; epoch <= 2; ++epoch) {
    ASSERT_TRUE(log.begin());
    ASSERT_TRUE(log.write_changelog(0, snapshots[epoch - 1], mark_of(epoch)));
    ASSERT_TRUE(log.commit());
  }
  log.compact_changelog(0);
  EXPECT_THAT(changelog(log, 0), ElementsAre("1 ann=L", "4 ann=2", "5 -bob", "6 mark 2 next 7"));
  EXPECT_EQ(log.changelog_size(0), 4U);
  ASSERT_TRUE(log.begin());
  EXPECT_EQ(log.write_changelog(0, {}, mark_of(3)).value(), 8);
}

}  // namespace
}  // namespace driftcast
