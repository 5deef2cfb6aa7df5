// A digest of states tells whether two runs over the same records came to the same, and nothing of how they came there.
#include "pipeline/state_digest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/memory_store.h"
#include "tests/pipeline/support/world.h"

namespace driftcast {
namespace {

using testing::HasSubstr;

constexpr int kPartitions = 2;

std::vector<std::uint64_t> digests_of(Store& store) {
  std::vector<std::uint64_t> digests;
  const auto all = digest_states(store);
  EXPECT_TRUE(all);
  for (const PartitionDigest& each : *all) digests.push_back(each.digest);
  return digests;
}

std::vector<std::uint64_t> digests_after(std::span<const InputRecord> input, const Settings& settings) {
  MemoryLog log(kPartitions);
  MemoryStore store;
  append(log, input);
  EXPECT_TRUE(run_to_end(settings, log, store));
  return digests_of(store);
}

TEST(StateDigest, IsTheSameHoweverTheRecordsWereCutIntoEpochs) {
  const auto input = make_input(3, 300, kPartitions);
  EXPECT_EQ(digests_after(input, many_epochs()), digests_after(input, epoch_for_everything()));
}

TEST(StateDigest, ChangesWithAnyByteOfAKeyAValueOrTheMark) {
  const auto digest_of = [](TableId table, const char* key, const char* value, Offset position) {
    MemoryStore store;
    Mark mark;
    mark.position.next_offset = position;
    EXPECT_TRUE(store.apply(0, std::vector<Entry>{{table, key, value}}, mark));
    return digests_of(store).at(0);
  };
  const std::uint64_t one = digest_of(TableId::kUsers, "ann", "1", 5);
  EXPECT_EQ(digest_of(TableId::kUsers, "ann", "1", 5), one);
  EXPECT_NE(digest_of(TableId::kWindows, "ann", "1", 5), one);
  EXPECT_NE(digest_of(TableId::kUsers, "anna", "1", 5), one);
  EXPECT_NE(digest_of(TableId::kUsers, "ann", "2", 5), one);
  EXPECT_NE(digest_of(TableId::kUsers, "ann", "1", 6), one);
}

TEST(StateDigest, LeavesOutPartitionsWithoutAMark) {
  MemoryStore store;
  ASSERT_TRUE(store.fill(0, std::vector<Entry>{{TableId::kUsers, "ann", "1"}}));
  ASSERT_TRUE(store.apply(3, {}, Mark{}));
  EXPECT_EQ(digests_of(store).size(), 1);
  EXPECT_THAT(digest_text(digest_states(store).value()), HasSubstr("        3 "));
}

}  // namespace
}  // namespace driftcast
