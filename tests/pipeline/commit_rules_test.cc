// The rules of the commit protocol while it runs, one by one: each closes a hole through which records would be lost
// or repeated. Those of its start are in start_rules_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "pipeline/instance.h"
#include "state/memory_store.h"
#include "tests/pipeline/support/faults.h"
#include "tests/pipeline/support/world.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kPartitions = 2;

std::vector<InputRecord> usual_input() { return make_input(3, 400, kPartitions); }

// --- rule 1 ---

// Else a second death would let its successor publish once more what lies between the two positions.
TEST(CommitRule1, AReplayThatDiesHasNotMovedTheCommittedPositionBack) {
  const auto input = usual_input();
  MemoryLog log(kPartitions);
  append(log, input);
  Settings settings = many_epochs();
  settings.pipeline.changelog.interval = std::chrono::hours{1000};  // only the first epoch ships
  std::vector<Position> reached(kPartitions);
  bool ended = false;
  for (int steps = 400; !ended; steps = steps == 400 ? 60 : 400) {
    MemoryStore lost;
    log.new_instance();
    auto done = run_steps(settings, log, lost, steps);
    ASSERT_TRUE(done);
    ended = *done;
    for (Partition p = 0; p < kPartitions; ++p) {
      const Position now = log.committed(p)->value().position;
      ASSERT_GE(now, reached[static_cast<std::size_t>(p)]);
      reached[static_cast<std::size_t>(p)] = now;
    }
    settings.pipeline.source.slice *= 2;  // each life comes further
  }
  MemoryStore store;
  log.new_instance();
  ASSERT_TRUE(run_to_end(small_settings(), log, store));
  EXPECT_EQ(difference(outcome_of_one_run(input, kPartitions, small_settings()), outcome_of(log, store)), "");
}

// --- rule 2 ---

// A changelog that ends early: as the newest records of a topic are hidden while a dead writer's transaction is open.
class ShortLog final : public FaultLog {
 public:
  using FaultLog::FaultLog;
  std::uint64_t last_epoch = 0;  // later marks, and the entries before them, are hidden

  Result<void> replay_changelog(Partition p, Offset from, const ChangelogConsumer& consumer,
                                const StillWanted& wanted) override {
    std::vector<ChangelogRecord> visible;
    const auto see = [&](ChangelogRecord&& record) {
      visible.push_back(std::move(record));
      return Result<bool>(true);
    };
    DRIFTCAST_TRY(FaultLog::replay_changelog(p, 0, see, wanted));
    while (!visible.empty() && !(visible.back().mark && visible.back().mark->epoch <= last_epoch)) visible.pop_back();
    for (ChangelogRecord& record : visible) {
      if (record.offset < from) continue;
      auto more = consumer(std::move(record));
      if (!more) return more.error();
      if (!*more) break;
    }
    return {};
  }
};

// Else it would start from an older mark and mix the states of two moments.
TEST(CommitRule2, ALogWhoseNamedMarkCannotBeReadIsRefused) {
  const auto input = usual_input();
  MemoryLog log(kPartitions);
  append(log, input);
  MemoryStore store;
  ASSERT_TRUE(run_steps(many_epochs(), log, store, 200));
  const std::uint64_t named = log.committed(0)->value().mark_epoch;
  ASSERT_GT(named, 1U);
  for (const bool with_store : {false, true}) {  // its store is older
    store.lose_unflushed();
    MemoryStore empty;
    log.new_instance();
    ShortLog hidden(log);
    hidden.last_epoch = named - 1;
    const auto refused = run_to_end(many_epochs(), hidden, with_store ? static_cast<Store&>(store) : empty);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kConfig);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("lacks the mark of epoch " + std::to_string(named)),
                                               HasSubstr("give another kafka.group and topics.changelog")));
  }
  log.new_instance();
  ASSERT_TRUE(run_to_end(many_epochs(), log, store));
  EXPECT_EQ(difference(outcome_of_one_run(input, kPartitions, small_settings()), outcome_of(log, store)), "");
}

// --- rule 4 ---

// A store that takes its time: while one epoch's states are on their way, the next epoch reads.
class SlowStore final : public FaultStore {
 public:
  using FaultStore::FaultStore;
  Result<std::optional<std::string>> get(Partition p, TableId table, std::string_view key) override {
    ++reads_;
    return FaultStore::get(p, table, key);
  }
  Result<void> apply(Partition p, std::span<const Entry> entries, const Mark& mark) override {
    const std::int64_t wanted = reads_ + 20;
    for (int patience = 20'000; reads_ < wanted && patience > 0; --patience) std::this_thread::yield();
    return FaultStore::apply(p, entries, mark);
  }

 private:
  std::atomic<std::int64_t> reads_{0};
};

// Else it counts as clean once it is encoded, is evicted, and read again as it was before.
TEST(CommitRule4, WhatIsOnItsWayToTheStoreIsNotReadBackAsItWas) {
  const auto input = usual_input();
  const Outcome expected = outcome_of_one_run(input, kPartitions, small_settings());
  for (int run = 0; run < 10; ++run) {
    MemoryLog log(kPartitions);
    append(log, input);
    MemoryStore store;
    SlowStore slow(store);
    Settings settings = many_epochs();
    settings.pipeline.threads = 4;
    settings.pipeline.changelog.interval = Duration{0};
    settings.state.cache_bytes = 1;
    ASSERT_TRUE(run_to_end(settings, log, slow));
    ASSERT_EQ(difference(expected, outcome_of(log, store)), "");
  }
}

// --- rule 5, and 2: a mark is the last record of its snapshot ---

// The log as it was when a mark had just been committed, and outputs that start anew.
class LogAtMark final : public FaultLog {
 public:
  LogAtMark(MemoryLog& log, std::vector<ChangelogRecord> changelog) : FaultLog(log), changelog_(std::move(changelog)) {}

  Result<std::optional<OffsetCommit>> committed(Partition p, const StillWanted&) override {
    const Mark& mark = *changelog_.back().mark;
    return std::optional(
        OffsetCommit{p, mark.position, mark.lineage, mark.epoch, Mark::kFormat, mark.config_hash, mark.model_hash});
  }
  Result<void> replay_changelog(Partition, Offset from, const ChangelogConsumer& consumer,
                                const StillWanted&) override {
    for (const ChangelogRecord& record : changelog_) {
      if (record.offset < from) continue;
      auto more = consumer(ChangelogRecord(record));
      if (!more) return more.error();
      if (!*more) break;
    }
    return {};
  }

 private:
  std::vector<ChangelogRecord> changelog_;
};

// Else a snapshot would hold one stage's states of this moment and another's of an earlier one.
TEST(CommitRule5, EveryMarkIsAWholeStateFromWhichTheRestFollows) {
  const auto input = make_input(5, 300, 1);
  MemoryLog log(1);
  append(log, input);
  MemoryStore store;
  Settings settings = many_epochs();
  settings.pipeline.changelog.interval = Duration{20};
  ASSERT_TRUE(run_to_end(settings, log, store));
  std::vector<ChangelogRecord> changelog;
  ASSERT_TRUE(log.replay_changelog(0, 0, [&](ChangelogRecord&& record) {
    changelog.push_back(record);
    return Result<bool>(true);
  }));
  const Outcome expected = outcome_of(log, store);
  int marks = 0;
  for (std::size_t end = 1; end <= changelog.size(); ++end) {
    if (!changelog[end - 1].mark) continue;
    ++marks;
    MemoryLog rest(1);
    append(rest, input);
    LogAtMark at_mark(rest, {changelog.begin(), changelog.begin() + static_cast<std::ptrdiff_t>(end)});
    MemoryStore restored;
    ASSERT_TRUE(run_to_end(settings, at_mark, restored));
    Outcome outcome = outcome_of(rest, restored);
    ASSERT_LE(outcome.lines.size(), expected.lines.size());
    Outcome expected_rest;
    expected_rest.lines.assign(expected.lines.end() - static_cast<std::ptrdiff_t>(outcome.lines.size()),
                               expected.lines.end());
    ASSERT_EQ(difference(expected_rest, outcome), "") << "from mark " << marks;
  }
  EXPECT_GE(marks, 10);
}

// --- rule 6 ---

// Remembers the marks that were shipped.
class MarksLog final : public FaultLog {
 public:
  using FaultLog::FaultLog;
  std::vector<Mark> marks;

  Result<Offset> write_changelog(Partition p, std::span<const Entry> entries, const Mark& mark) override {
    marks.push_back(mark);
    return FaultLog::write_changelog(p, entries, mark);
  }
};

std::int64_t work_done(const Mark& mark) {
  std::int64_t sum = 0;
  for (const Counter counter : {Counter::kRecords, Counter::kSessions, Counter::kSteps}) {
    sum += mark.counters[static_cast<std::size_t>(counter)];
  }
  return sum;
}

// Else the midnight of a million users would be one transaction.
TEST(CommitRule6, AStepThatEndsForManyUsersIsManyEpochs) {
  for (const int slice : {1, 2, 3}) {
    MemoryLog log(1);
    append(log, make_crowd(30, 4));
    MemoryStore store;
    MarksLog seen(log);
    Settings settings = epoch_for_everything();
    settings.pipeline.source.slice = slice;
    ASSERT_TRUE(run_to_end(settings, seen, store));
    for (std::size_t i = 1; i < seen.marks.size(); ++i) {  // a drained user may close a session and a step
      ASSERT_LE(work_done(seen.marks[i]) - work_done(seen.marks[i - 1]), 2 * (slice + 1)) << "slices of " << slice;
    }
  }
}

// Else the users that were drained before the death would be drained again, or those after it not at all.
TEST(CommitRule6, ADeathAfterAnyDrainedUserGoesOnWithTheNextOne) {
  const auto input = make_crowd(6, 7);
  const Outcome expected = outcome_of_one_run(input, 1, small_settings());
  for (const bool keeps : {true, false}) {
    MemoryLog log(1);
    append(log, input);
    auto store = std::make_unique<MemoryStore>();
    bool done = false;
    for (int lives = 0; !done; ++lives) {
      ASSERT_LT(lives, 1000);
      log.new_instance();
      auto ended = run_steps(epoch_for_everything(), log, *store, 4);  // the first epoch, and one more
      ASSERT_TRUE(ended);
      done = *ended;
      if (!keeps) store = std::make_unique<MemoryStore>();
    }
    log.new_instance();
    ASSERT_TRUE(run_to_end(epoch_for_everything(), log, *store));
    EXPECT_EQ(difference(expected, outcome_of(log, *store)), "");
  }
}

// A `close` asks for the newest event's time: else a successor that has seen no event yet would close nothing.
TEST(CommitRule6, ASuccessorClosesWhatItsPredecessorHadOpened) {
  auto input = make_crowd(3, 1);
  const std::string close = R"({"type":"advance","close":true})";
  MemoryLog log(1);
  append(log, input);
  MemoryStore store;
  ASSERT_TRUE(run_to_end(small_settings(), log, store));
  log.append_to(0, "", close);
  log.new_instance();
  ASSERT_TRUE(run_to_end(small_settings(), log, store));
  input.push_back({"", close, std::nullopt, Partition{0}});
  EXPECT_EQ(difference(outcome_of_one_run(input, 1, small_settings()), outcome_of(log, store)), "");
  EXPECT_EQ(std::count_if(log.outputs(0).begin(), log.outputs(0).end(),
                          [](const std::string& line) { return line.starts_with("sessions"); }),
            4);
}

}  // namespace
}  // namespace driftcast
