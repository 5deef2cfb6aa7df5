// The rules of the commit protocol about what a store may be restored from: deletions, and restores that came to no end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/fields.h"
#include "pipeline/instance.h"
#include "state/memory_store.h"
#include "tests/pipeline/support/world.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kLineage = 11;

// One partition whose log holds snapshots that were written by hand, and a store.
class Restoring : public testing::Test {
 protected:
  Mark mark_of(std::uint64_t epoch) const {
    Mark mark;
    mark.epoch = epoch;
    mark.lineage = kLineage;
    mark.config_hash = output_hash(settings_);
    mark.model_hash = default_models().hash;
    return mark;
  }
  static Entry ledger(const std::string& key, std::optional<std::string> value) {
    return {TableId::kLedger, key, std::move(value)};
  }

  // Returns the mark as a store would hold it.
  Mark commit(std::uint64_t epoch, const std::vector<Entry>& entries) {
    Mark mark = mark_of(epoch);
    EXPECT_TRUE(log_.begin());
    mark.changelog_offset = log_.write_changelog(0, entries, mark).value();
    const OffsetCommit offset{0, {}, kLineage, epoch, Mark::kFormat, mark.config_hash, mark.model_hash};
    EXPECT_TRUE(log_.send_offsets(std::array{offset}));
    EXPECT_TRUE(log_.commit());
    return mark;
  }

  Result<void> recover(const RecoveryWatch& watch = {}) {
    auto assembly = Assembly::make(settings_, default_models(), log_, store_, clock_, kLineage);
    EXPECT_TRUE(assembly);
    return (*assembly)->recover(*(*assembly)->lanes()[0], watch);
  }

  std::vector<std::string> keys() {
    std::vector<std::string> keys;
    EXPECT_TRUE(store_.scan(0, TableId::kLedger, [&](std::string_view key, std::string_view) -> Result<void> {
      keys.emplace_back(key);
      return {};
    }));
    return keys;
  }

  const Settings settings_ = small_settings();
  const TickingClock clock_;
  MemoryLog log_{1};
  MemoryStore store_;
};

// Else a user who was deleted long ago would live again.
TEST_F(Restoring, CommitRule7AStateTooOldToHaveSeenAllDeletionsIsRestoredWhole) {
  const Mark old = commit(1, {ledger("ann", "1"), ledger("bob", "1")});
  ASSERT_TRUE(store_.apply(0, std::vector<Entry>{ledger("ann", "1"), ledger("bob", "1")}, old));
  commit(2, {ledger("ann", std::nullopt)});
  log_.compact_changelog(0);
  log_.expire_deletions(0);
  commit(3, {ledger("eve", "1")});
  ASSERT_TRUE(recover());
  EXPECT_THAT(keys(), ElementsAre("bob", "eve"));
}

TEST_F(Restoring, CommitRule7AStateThatHasSeenTheDeletionsTakesOnlyTheTail) {
  commit(1, {ledger("ann", "1"), ledger("bob", "1")});
  log_.expire_deletions(0);
  const Mark recent = commit(2, {ledger("eve", "1")});
  ASSERT_TRUE(store_.apply(0, std::vector<Entry>{ledger("only here", "1")}, recent));
  commit(3, {ledger("zoe", "1")});
  ASSERT_TRUE(recover());
  EXPECT_THAT(keys(), ElementsAre("only here", "zoe"));
}

// Else what the first half had restored, and what was deleted before the second, would stay.
TEST_F(Restoring, CommitRule7AWholeRestoreThatCameToNoEndBeginsAgain) {
  commit(1, {ledger("bob", "1")});
  ASSERT_TRUE(store_.fill(0, std::vector<Entry>{ledger("ann", "1")}));
  ASSERT_TRUE(recover());
  EXPECT_THAT(keys(), ElementsAre("bob"));
  EXPECT_EQ(store_.mark(0).value()->epoch, 1);
}

TEST_F(Restoring, ARestoreThatIsGivenUpHalfWayLeavesNoMark) {
  std::vector<Entry> many;
  for (int i = 0; i < 10'000; ++i) many.push_back(ledger("user " + std::to_string(i), std::string(500, 'x')));
  commit(1, many);
  std::vector<double> shares;
  const auto recovered = recover([&](const RecoveryProgress& progress) {
    shares.push_back(progress.share);
    return shares.size() < 3;
  });
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().code, ErrorCode::kRollback);
  EXPECT_EQ(shares.size(), 3);
  EXPECT_LT(shares[0], shares[1]);
  EXPECT_FALSE(keys().empty());
  EXPECT_EQ(store_.mark(0).value(), std::nullopt);
  ASSERT_TRUE(recover());
  EXPECT_EQ(keys().size(), many.size());
}

TEST_F(Restoring, AStoreThatHasEverythingReadsNothing) {
  const Mark newest = commit(1, {ledger("ann", "1")});
  ASSERT_TRUE(store_.apply(0, {}, newest));
  log_.expire_deletions(0);
  ASSERT_TRUE(recover());
  EXPECT_THAT(keys(), IsEmpty());
}

}  // namespace
}  // namespace driftcast
