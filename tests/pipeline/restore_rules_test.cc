// The rules of the commit protocol about what a store may be restored from: deletions, restores that came to no end, and
// changelogs that are not the ones that got its states.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "config/fields.h"
#include "pipeline/instance.h"
#include "state/memory_store.h"
#include "tests/pipeline/support/faults.h"
#include "tests/pipeline/support/world.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kLineage = 11;

// The log of one job, but the changelog of another, or one that was made anew.
class OtherChangelogLog final : public FaultLog {
 public:
  OtherChangelogLog(Log& log, Log& changelog) : FaultLog(log), changelog_(changelog) {}

  Result<ChangelogExtent> changelog_extent(Partition p) override { return changelog_.changelog_extent(p); }
  Result<void> replay_changelog(Partition p, Offset from, const ChangelogConsumer& consumer,
                                const StillWanted& wanted) override {
    return changelog_.replay_changelog(p, from, consumer, wanted);
  }

 private:
  Log& changelog_;
};

// One partition whose log holds snapshots that were written by hand, and a store.
class Restoring : public testing::Test {
 protected:
  Mark mark_of(std::uint64_t epoch, std::uint64_t lineage) const {
    Mark mark;
    mark.epoch = epoch;
    mark.lineage = lineage;
    mark.config_hash = output_hash(settings_);
    mark.model_hash = default_models().hash;
    return mark;
  }
  static Entry ledger(const std::string& key, std::optional<std::string> value) {
    return {TableId::kLedger, key, std::move(value)};
  }

  // Returns the mark as a store would hold it.
  Mark commit(std::uint64_t epoch, const std::vector<Entry>& entries) { return commit_to(log_, epoch, entries); }
  Mark commit_to(Log& log, std::uint64_t epoch, const std::vector<Entry>& entries, std::uint64_t lineage = kLineage) {
    Mark mark = mark_of(epoch, lineage);
    EXPECT_TRUE(log.begin());
    mark.changelog_offset = log.write_changelog(0, entries, mark).value();
    const OffsetCommit offset{0, {}, lineage, epoch, Mark::kFormat, mark.config_hash, mark.model_hash};
    EXPECT_TRUE(log.send_offsets(std::array{offset}));
    EXPECT_TRUE(log.commit());
    return mark;
  }

  Result<void> recover(const RecoveryWatch& watch = {}) { return recover_from(log_, watch); }
  Result<void> recover_from(Log& log, const RecoveryWatch& watch = {}) {
    auto assembly = Assembly::make(settings_, default_models(), log, store_, clock_, kLineage);
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

TEST_F(Restoring, AStoreThatHasEverythingTakesNothing) {
  commit(1, {ledger("ann", "1")});
  const Mark newest = commit(2, {ledger("ann", "2")});
  ASSERT_TRUE(log_.begin());
  ASSERT_TRUE(log_.write_changelog(0, {}, mark_of(3, kLineage)));
  ASSERT_TRUE(log_.abort());
  log_.compact_changelog(0);
  ASSERT_TRUE(store_.apply(0, {}, newest));
  log_.expire_deletions(0);
  ASSERT_TRUE(recover());
  EXPECT_THAT(keys(), IsEmpty());
}

// Else all would be well until the store is lost; then its states would be restored without those of before.
TEST_F(Restoring, CommitRule9AChangelogThatNeverGotTheStatesIsRefusedWhileTheStoreHasThem) {
  commit(1, {ledger("ann", "1")});
  const Mark newest = commit(2, {ledger("bob", "1")});
  ASSERT_TRUE(store_.apply(0, std::vector<Entry>{ledger("ann", "1"), ledger("bob", "1")}, newest));
  MemoryLog empty(1), later(1), alien(1), elsewhere(1);
  for (const std::uint64_t epoch : {3, 4, 5}) commit_to(later, epoch, {ledger("eve", "1")});
  for (const std::uint64_t epoch : {1, 2}) commit_to(alien, epoch, {ledger("eve", "1")}, kLineage + 1);
  commit_to(elsewhere, 2, {ledger("bob", "1")});
  commit_to(elsewhere, 3, {ledger("bob", "2")});
  for (MemoryLog* changelog : {&empty, &later, &alien, &elsewhere}) {
    OtherChangelogLog log(log_, *changelog);
    const auto refused = recover_from(log);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kConfig);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("it is another topic, or was made anew"),
                                               HasSubstr("name the topics.changelog that this kafka.group has")));
  }
  EXPECT_THAT(keys(), ElementsAre("ann", "bob"));
  EXPECT_TRUE(recover()) << "the right one is still right";
}

// Else the process would be started again and again for what no start can mend.
TEST_F(Restoring, CommitRule9AChangelogThatEndsBeforeTheStoresMarkIsRefused) {
  const Mark older = commit(1, {ledger("ann", "1"), ledger("bob", "1")});
  ASSERT_TRUE(store_.apply(0, std::vector<Entry>{ledger("ann", "1")}, older));
  commit(2, {ledger("eve", "1")});
  MemoryLog anew(1);
  commit_to(anew, 2, {});
  OtherChangelogLog log(log_, anew);
  const auto refused = recover_from(log);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConfig);
  EXPECT_THAT(refused.error().message, HasSubstr("ends before offset 3"));
  EXPECT_THAT(keys(), ElementsAre("ann"));
}

// Else the states of two groups would be taken for those of one.
TEST_F(Restoring, CommitRule9AChangelogOfTwoGroupsIsRefusedAndNothingOfTheOtherIsKept) {
  const Mark older = commit(1, {ledger("ann", "1")});
  for (const bool with_store : {false, true}) {
    if (with_store) {
      ASSERT_TRUE(store_.apply(0, std::vector<Entry>{ledger("ann", "1")}, older));
    }
    MemoryLog shared(1);
    commit_to(shared, 1, {ledger("ann", "1")});
    std::vector<Entry> many;
    for (int i = 0; i < 3'000; ++i) many.push_back(ledger("alien " + std::to_string(i), std::string(500, 'x')));
    commit_to(shared, 1, many, kLineage + 1);
    commit_to(shared, 2, {ledger("bob", "1")});
    const auto refused = recover_from(shared);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kConfig);
    EXPECT_THAT(refused.error().message, HasSubstr("holds the states of another group, too"));
    EXPECT_THAT(keys(), IsEmpty());
    EXPECT_EQ(store_.mark(0).value(), std::nullopt);
  }
}

// A predecessor's transaction may hide what is needed for a minute: as long a member must not keep its partitions.
TEST_F(Restoring, WhoWaitsForTheLogAsksWhetherItIsStillWanted) {
  class WaitingLog final : public FaultLog {
   public:
    using FaultLog::FaultLog;
    bool offset_is_stable = false;

    Result<std::optional<OffsetCommit>> committed(Partition p, const StillWanted& wanted) override {
      while (!offset_is_stable) {
        if (!wanted()) return given_up("fetch the committed offset");
      }
      return FaultLog::committed(p, wanted);
    }
    Result<void> replay_changelog(Partition, Offset, const ChangelogConsumer&, const StillWanted& wanted) override {
      while (wanted()) {
      }
      return given_up("read the changelog");
    }
  };
  const Mark older = commit(1, {ledger("ann", "1")});
  for (const bool newest : {true, false}) {
    if (!newest) commit(2, {});
    for (const bool stable : {false, true}) {
      ASSERT_TRUE(store_.apply(0, {}, older));
      WaitingLog log(log_);
      log.offset_is_stable = stable;
      int asked = 0;
      const auto given_up = recover_from(log, [&](const RecoveryProgress&) { return ++asked < 5; });
      ASSERT_FALSE(given_up);
      EXPECT_EQ(given_up.error().code, ErrorCode::kRollback);
      EXPECT_EQ(asked, 5);
    }
  }
}

}  // namespace
}  // namespace driftcast
