// The rules of the commit protocol at its start, where a log, a store, settings and an input must fit together, and the
// one that bounds what a start has to read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "pipeline/instance.h"
#include "state/memory_store.h"
#include "tests/pipeline/support/faults.h"
#include "tests/pipeline/support/world.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr int kPartitions = 2;

std::vector<InputRecord> usual_input() { return make_input(3, 400, kPartitions); }

// --- rule 9 ---

// Writes down in which order it was used.
class DiaryLog final : public FaultLog {
 public:
  using FaultLog::FaultLog;
  std::vector<std::string> calls;

  Result<void> poll(Partition p, std::size_t max, Slice& slice) override {
    calls.emplace_back("poll");
    return FaultLog::poll(p, max, slice);
  }
  Result<Offset> write_changelog(Partition p, std::span<const Entry> entries, const Mark& mark) override {
    calls.push_back("mark at " + std::to_string(mark.position.next_offset) + " of " + std::to_string(mark.lineage));
    return FaultLog::write_changelog(p, entries, mark);
  }
  Result<void> commit() override {
    calls.emplace_back("commit");
    return FaultLog::commit();
  }
};

// Else a second first run could begin elsewhere: the log's beginning moves.
TEST(CommitRule9, TheStartIsFixedByAMarkBeforeAnythingIsRead) {
  MemoryLog log(2);
  append(log, usual_input());
  MemoryStore store;
  DiaryLog diary(log);
  ASSERT_TRUE(run_to_end(many_epochs(), diary, store));
  diary.calls.resize(4);
  EXPECT_THAT(diary.calls, ElementsAre("mark at 0 of 11", "mark at 0 of 11", "commit", "poll"));
}

// The states that a run over other records leaves behind.
void fill_with_another_history(MemoryStore& store, std::uint64_t lineage, std::int64_t steps) {
  const TickingClock clock;
  const Settings settings = many_epochs();
  MemoryLog other(kPartitions);
  append(other, make_input(9, 800, kPartitions));
  auto assembly = Assembly::open(settings, default_models(), other, store, clock, lineage);
  ASSERT_TRUE(assembly);
  Instance instance(**assembly);
  for (std::int64_t i = 0; i < steps; ++i) ASSERT_TRUE(instance.step());
}

// Else the states of another log would be taken for those of this one.
TEST(CommitRule9, StatesOfAnotherLineageOrOfALaterTimeAreDropped) {
  const auto input = usual_input();
  const Outcome expected = outcome_of_one_run(input, kPartitions, small_settings());
  for (const bool later : {false, true}) {
    MemoryStore alien;  // of another history, or of a copy of this log that has gone on
    fill_with_another_history(alien, later ? 11 : 12, later ? 400 : 100);
    MemoryLog log(kPartitions);
    append(log, input);
    MemoryStore lost;
    ASSERT_TRUE(run_steps(many_epochs(), log, lost, later ? 60 : 200));
    ASSERT_EQ(log.committed(0)->value().mark_epoch < alien.mark(0)->value().epoch, later);
    log.new_instance();
    ASSERT_TRUE(run_to_end(many_epochs(), log, alien));
    EXPECT_EQ(difference(expected, outcome_of(log, alien)), "") << (later ? "later" : "of another lineage");
  }
}

// An input that has become shorter, with a record at its end that closes everything, as files have it.
class ShortInputLog final : public FaultLog {
 public:
  ShortInputLog(Log& log, std::vector<Offset> ends) : FaultLog(log), ends_(std::move(ends)) {}

  bool has_changelog() const override { return false; }
  bool exhausted(Partition p) const override { return polled_[index(p)] > ends_[index(p)]; }
  Result<void> seek(Partition p, Offset offset) override {
    polled_[index(p)] = offset;
    return FaultLog::seek(p, offset);
  }
  Result<void> poll(Partition p, std::size_t max, Slice& slice) override {
    Offset& polled = polled_[index(p)];
    const auto left = static_cast<std::size_t>(std::max<Offset>(ends_[index(p)] - polled, 0));
    if (left > 0) DRIFTCAST_TRY(FaultLog::poll(p, std::min(max, left), slice));
    polled += std::ssize(slice.records);
    if (slice.records.size() == max || exhausted(p)) return {};
    slice.records.push_back(
        {"", std::string_view(*close_).substr(0, close_->size() - kPadding), std::nullopt, polled++});
    slice.buffers.push_back(close_);
    return {};
  }

 private:
  static std::size_t index(Partition p) { return static_cast<std::size_t>(p); }

  std::vector<Offset> ends_, polled_ = std::vector<Offset>(kPartitions);
  std::shared_ptr<const std::string> close_ =
      std::make_shared<std::string>(R"({"type":"advance","close":true})" + std::string(kPadding, '\0'));
};

#ifdef DRIFTCAST_KILL_POINTS

// Else the wrong end of a partition that is long enough would be published before another is found to be too short.
TEST(CommitRule9, AnInputThatEndsBeforeTheOutputsIsRefusedBeforeAnyOfItsEndsIsSeen) {
  const auto input = usual_input();
  MemoryLog log(kPartitions);
  append(log, input);
  const std::vector<Offset> whole = {1'000'000, 1'000'000};
  Settings settings = many_epochs();
  settings.pipeline.changelog.interval = Duration{0};
  settings.pipeline.epoch = {std::chrono::hours{1}, 150'000};
  MemoryStore store;
  {
    ShortInputLog bare(log, whole);
    const KillAt kill(KillPoint::kBetweenStores, 3);  // the second epoch, after the first partition
    EXPECT_THROW((void)run_to_end(settings, bare, store), Killed);
  }
  const Offset first = log.committed(0)->value().position.next_offset;
  const Offset second = log.committed(1)->value().position.next_offset;
  ASSERT_EQ(store.mark(0)->value().position.next_offset, first);
  ASSERT_EQ(store.mark(1)->value().position.next_offset, 0);
  ASSERT_GT(second, 10);
  log.new_instance();
  ShortInputLog shorter(log, {first + 5, second - 5});
  const auto refused = run_to_end(epoch_for_everything(), shorter, store);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kData);
  EXPECT_THAT(refused.error().message, HasSubstr("before the outputs do"));
  log.new_instance();
  const auto whole_again = run_to_end(settings, log, store);
  ASSERT_TRUE(whole_again) << whole_again.error().message;
  EXPECT_EQ(difference(outcome_of_one_run(input, kPartitions, small_settings()), outcome_of(log, store)), "");
}

#endif

// --- rule 10 ---

// Else half of a log would be computed under one configuration and the rest under another. The mark need not be there:
// the committed position says it too.
TEST(CommitRule10, AChangedDialIsRefusedWithAndWithoutAStore) {
  MemoryLog log(kPartitions);
  append(log, usual_input());
  MemoryStore store, empty;
  ASSERT_TRUE(run_steps(many_epochs(), log, store, 100));
  Settings changed = many_epochs();
  changed.operators.session.gap += Duration{1};
  for (Store* found : {static_cast<Store*>(&store), static_cast<Store*>(&empty)}) {
    log.new_instance();
    const auto dial = run_to_end(changed, log, *found);
    ASSERT_FALSE(dial);
    EXPECT_EQ(dial.error().code, ErrorCode::kConfig);
    EXPECT_THAT(dial.error().message, AllOf(HasSubstr("another configuration"),
                                            HasSubstr("give another kafka.group and topics.changelog to start afresh"),
                                            Not(HasSubstr("state.dir"))));
  }
}

// Half-way through what has to be computed again there is no telling which model computed it the first time.
TEST(CommitRule10, AnotherModelIsRefusedWhereSomethingHasToBeComputedAgain) {
  MemoryLog log(kPartitions);
  append(log, usual_input());
  MemoryStore store, empty;
  ASSERT_TRUE(run_steps(many_epochs(), log, store, 100));
  ModelSet other_models = default_models();
  ++other_models.hash;
  for (Store* found : {static_cast<Store*>(&store), static_cast<Store*>(&empty)}) {
    log.new_instance();
    const auto refused = run_to_end(many_epochs(), log, *found, other_models);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kConfig);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("another model"), HasSubstr("with the old model.dir")));
  }
}

// The new model's mark goes out before anything is read under it, so a crash at once after finds the change made.
TEST(CommitRule10, AnotherModelBeginsWhereACleanStopHasLeftTheOldOne) {
  MemoryLog log(kPartitions);
  append(log, usual_input());
  MemoryStore store;
  ASSERT_TRUE(run_and_stop(many_epochs(), log, store, 100));
  ModelSet other_models = default_models();
  ++other_models.hash;
  log.new_instance();
  const TickingClock clock;
  const Settings settings = many_epochs();
  auto changed = Assembly::open(settings, other_models, log, store, clock, 11);
  ASSERT_TRUE(changed) << changed.error().message;
  Instance instance(**changed);
  while (log.committed(0).value()->model_hash != other_models.hash) ASSERT_TRUE(instance.step());
  MemoryStore lost;
  log.new_instance();
  const auto done = run_to_end(many_epochs(), log, lost, other_models);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(log.committed(0).value()->model_hash, other_models.hash);
}

// Files have no changelog: when the process died before its first flush, nobody but the committed position knows.
class LogWithoutChangelog final : public FaultLog {
 public:
  using FaultLog::FaultLog;
  bool has_changelog() const override { return false; }
};

TEST(CommitRule10, AChangedDialIsRefusedWhenAllButTheCommittedPositionIsLost) {
  MemoryLog log(kPartitions);
  append(log, usual_input());
  LogWithoutChangelog bare(log);
  MemoryStore store, empty;
  ASSERT_TRUE(run_steps(many_epochs(), bare, store, 100));
  Settings changed = many_epochs();
  changed.operators.session.gap += Duration{1};
  log.new_instance();
  const auto refused = run_to_end(changed, bare, empty);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("another configuration"), HasSubstr("give another state.dir to start afresh")));
  log.new_instance();
  ASSERT_TRUE(run_to_end(many_epochs(), bare, empty));
  EXPECT_EQ(difference(outcome_of_one_run(usual_input(), kPartitions, small_settings()), outcome_of(log, empty)), "");
}

// --- rule 12 ---

// Remembers how many states each snapshot had.
class SnapshotsLog final : public FaultLog {
 public:
  using FaultLog::FaultLog;
  std::vector<std::size_t> entries;

  Result<Offset> write_changelog(Partition p, std::span<const Entry> shipped, const Mark& mark) override {
    const auto states = std::count_if(shipped.begin(), shipped.end(),
                                      [](const Entry& entry) { return entry.table != TableId::kPopulation; });
    entries.push_back(static_cast<std::size_t>(states));
    return FaultLog::write_changelog(p, shipped, mark);
  }
};

// Else one snapshot could outgrow the time a transaction may take.
TEST(CommitRule12, ASnapshotStaysSmallWhateverTheInterval) {
  const auto largest = [](std::int64_t bytes) {
    MemoryLog log(1);
    append(log, make_crowd(200, 3));
    MemoryStore store;
    SnapshotsLog seen(log);
    Settings settings = small_settings();
    settings.pipeline.source.slice = 5;
    settings.pipeline.changelog.bytes = bytes;
    EXPECT_TRUE(run_to_end(settings, seen, store));
    return *std::max_element(seen.entries.begin(), seen.entries.end());
  };
  EXPECT_GE(largest(1LL << 40), 500U);
  EXPECT_LE(largest(20'000), 60U);
}

// How many lanes shipped in each transaction.
class ShipmentsLog final : public FaultLog {
 public:
  using FaultLog::FaultLog;
  std::vector<int> shipped;

  Result<void> begin() override {
    shipped.push_back(0);
    return FaultLog::begin();
  }
  Result<Offset> write_changelog(Partition p, std::span<const Entry> entries, const Mark& mark) override {
    ++shipped.back();
    return FaultLog::write_changelog(p, entries, mark);
  }
};

// Else the snapshots of all lanes would hold up the same epoch.
TEST(CommitRule12, LanesShipInTurn) {
  constexpr int kLanes = 4;
  MemoryLog log(kLanes);
  append(log, make_input(5, 4'000, kLanes));
  MemoryStore store;
  ShipmentsLog seen(log);
  Settings settings = small_settings();
  settings.pipeline.source.slice = 5;
  settings.pipeline.epoch.interval = Duration{5};
  settings.pipeline.changelog.interval = Duration{400};
  ASSERT_TRUE(run_to_end(settings, seen, store));
  ASSERT_GT(seen.shipped.size(), 20U);
  EXPECT_EQ(seen.shipped.front(), kLanes) << "the first epoch fixes where each lane stands";
  EXPECT_EQ(seen.shipped.back(), kLanes) << "the last one leaves nothing to replay";
  const std::vector<int> between(seen.shipped.begin() + 1, seen.shipped.end() - 1);
  EXPECT_EQ(*std::max_element(between.begin(), between.end()), 1);
  EXPECT_GE(std::count(between.begin(), between.end(), 1), kLanes);
}

}  // namespace
}  // namespace driftcast
