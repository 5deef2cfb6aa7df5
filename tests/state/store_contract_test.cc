// What every store promises, in memory or on disk: one suite for all of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "state/memory_store.h"
#include "state/rocksdb_store.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;

struct InMemory {
  MemoryStore store_;
  Store& store() { return store_; }
  void reopen() {  // a clean stop flushes
    ASSERT_TRUE(store_.flush());
    store_.lose_unflushed();
  }
};

struct OnDisk {
  ScratchDir dir;
  std::unique_ptr<RocksDbStore> store_ = opened();
  Store& store() { return *store_; }
  void reopen() {
    store_.reset();
    store_ = opened();
  }
  std::unique_ptr<RocksDbStore> opened() { return RocksDbStore::open(dir.path("store"), StateOptions{}).value(); }
};

Mark mark_of(std::uint64_t epoch) {
  Mark mark;
  mark.epoch = epoch;
  mark.position = {static_cast<Offset>(epoch) * 10, 1};
  return mark;
}

using Rows = std::vector<std::pair<std::string, std::string>>;

template <class House>
class StoreContract : public testing::Test {
 protected:
  void apply(Partition partition, const std::vector<Entry>& entries, std::uint64_t epoch = 1) {
    const auto applied = store().apply(partition, entries, mark_of(epoch));
    ASSERT_TRUE(applied) << applied.error().message;
  }
  std::optional<std::string> get(Partition partition, TableId table, std::string_view key) {
    return store().get(partition, table, key).value();
  }
  std::optional<Mark> mark(Partition partition) { return store().mark(partition).value(); }
  Rows rows(Partition partition, TableId table) {
    Rows rows;
    const auto scanned = store().scan(partition, table, [&](std::string_view key, std::string_view value) {
      rows.emplace_back(key, value);
      return Result<void>();
    });
    EXPECT_TRUE(scanned);
    return rows;
  }

  Store& store() { return house.store(); }
  House house;
};

using Houses = testing::Types<InMemory, OnDisk>;
class Names {
 public:
  template <class House>
  static std::string GetName(int) {
    return std::is_same_v<House, InMemory> ? "Memory" : "RocksDb";
  }
};
TYPED_TEST_SUITE(StoreContract, Houses, Names);

TYPED_TEST(StoreContract, HoldsNothingAtFirst) {
  EXPECT_EQ(this->get(0, TableId::kUsers, "ann"), std::nullopt);
  EXPECT_EQ(this->mark(0), std::nullopt);
  EXPECT_THAT(this->rows(0, TableId::kUsers), IsEmpty());
  EXPECT_TRUE(this->store().flush());
}

TYPED_TEST(StoreContract, GivesBackWhatABatchAppliedTogetherWithItsMark) {
  this->apply(3, {{TableId::kUsers, "ann", "1"}, {TableId::kLedger, "ann", "2"}}, 7);
  EXPECT_THAT(this->get(3, TableId::kUsers, "ann"), Optional(std::string("1")));
  EXPECT_THAT(this->get(3, TableId::kLedger, "ann"), Optional(std::string("2")));
  EXPECT_THAT(this->mark(3), Optional(mark_of(7)));
}

TYPED_TEST(StoreContract, MovesTheMarkAlsoWithoutEntries) {
  this->apply(0, {}, 1);
  this->apply(0, {}, 2);
  EXPECT_THAT(this->mark(0), Optional(mark_of(2)));
}

TYPED_TEST(StoreContract, OverwritesAndDeletes) {
  this->apply(0, {{TableId::kUsers, "ann", "1"}, {TableId::kUsers, "bob", "1"}, {TableId::kUsers, "eve", "1"}});
  this->apply(
      0,
      {{TableId::kUsers, "ann", "2"}, {TableId::kUsers, "bob", std::nullopt}, {TableId::kUsers, "zoe", std::nullopt}});
  EXPECT_THAT(this->rows(0, TableId::kUsers), ElementsAre(Pair("ann", "2"), Pair("eve", "1")));
}

TYPED_TEST(StoreContract, LetsTheLastEntryOfAKeyWinWithinABatch) {
  this->apply(0, {{TableId::kUsers, "ann", "1"},
                  {TableId::kUsers, "ann", std::nullopt},
                  {TableId::kUsers, "bob", std::nullopt},
                  {TableId::kUsers, "bob", "2"}});
  EXPECT_THAT(this->rows(0, TableId::kUsers), ElementsAre(Pair("bob", "2")));
}

TYPED_TEST(StoreContract, TellsAnEmptyValueFromNone) {
  this->apply(0, {{TableId::kUsers, "ann", ""}});
  EXPECT_THAT(this->get(0, TableId::kUsers, "ann"), Optional(std::string()));
  EXPECT_THAT(this->rows(0, TableId::kUsers), ElementsAre(Pair("ann", "")));
}

TYPED_TEST(StoreContract, TakesAnyBytesAsAKeyAndScansThemInOrder) {
  const std::string nul("a\0b", 3);
  const std::string last(300, '\xFF');
  this->apply(0, {{TableId::kUsers, last, "5"},
                  {TableId::kUsers, "a", "1"},
                  {TableId::kUsers, nul, "2"},
                  {TableId::kUsers, "", "0"},
                  {TableId::kUsers, "\xC3\xA4", "4"},
                  {TableId::kUsers, "ab", "3"}});
  EXPECT_THAT(this->rows(0, TableId::kUsers), ElementsAre(Pair("", "0"), Pair("a", "1"), Pair(nul, "2"),
                                                          Pair("ab", "3"), Pair("\xC3\xA4", "4"), Pair(last, "5")));
  EXPECT_THAT(this->get(0, TableId::kUsers, nul), Optional(std::string("2")));
  EXPECT_EQ(this->get(0, TableId::kUsers, std::string("a\0", 2)), std::nullopt);
}

TYPED_TEST(StoreContract, KeepsTheTablesApart) {
  const std::string last(3, '\xFF');
  for (const auto table : {TableId::kUsers, TableId::kWindows, TableId::kLedger, TableId::kPopulation}) {
    this->apply(0, {{table, "", std::string(name(table))}, {table, last, std::string(name(table))}});
  }
  for (const auto table : {TableId::kUsers, TableId::kWindows, TableId::kLedger, TableId::kPopulation}) {
    EXPECT_THAT(this->rows(0, table), ElementsAre(Pair("", name(table)), Pair(last, name(table))));
  }
}

TYPED_TEST(StoreContract, StopsAScanWhereItsVisitorFailsAndPassesTheErrorOn) {
  this->apply(0, {{TableId::kUsers, "ann", "1"}, {TableId::kUsers, "bob", "2"}, {TableId::kUsers, "eve", "3"}});
  std::vector<std::string> seen;
  const auto scanned = this->store().scan(0, TableId::kUsers, [&](std::string_view key, std::string_view) {
    seen.emplace_back(key);
    return key == "bob" ? Result<void>(error(ErrorCode::kData, "enough")) : Result<void>();
  });
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().message, "enough");
  EXPECT_THAT(seen, ElementsAre("ann", "bob"));
}

TYPED_TEST(StoreContract, ShowsAScanOneStateWhileItsVisitorWrites) {
  this->apply(0, {{TableId::kUsers, "ann", "1"}, {TableId::kUsers, "bob", "1"}});
  Rows seen;
  const auto scanned = this->store().scan(0, TableId::kUsers, [&](std::string_view key, std::string_view value) {
    seen.emplace_back(key, value);
    this->apply(0, {{TableId::kUsers, "bob", "2"}, {TableId::kUsers, "eve", "2"}});
    return Result<void>();
  });
  EXPECT_TRUE(scanned);
  EXPECT_THAT(seen, ElementsAre(Pair("ann", "1"), Pair("bob", "1")));
  EXPECT_THAT(this->rows(0, TableId::kUsers), ElementsAre(Pair("ann", "1"), Pair("bob", "2"), Pair("eve", "2")));
}

TYPED_TEST(StoreContract, DropsOnePartitionAndLetsItBeginAgain) {
  this->apply(0, {{TableId::kUsers, "ann", "1"}});
  this->apply(1, {{TableId::kUsers, "ann", "2"}});
  ASSERT_TRUE(this->store().drop(0));
  EXPECT_EQ(this->mark(0), std::nullopt);
  EXPECT_EQ(this->get(0, TableId::kUsers, "ann"), std::nullopt);
  EXPECT_THAT(this->rows(0, TableId::kUsers), IsEmpty());
  EXPECT_THAT(this->get(1, TableId::kUsers, "ann"), Optional(std::string("2")));
  this->apply(0, {{TableId::kUsers, "bob", "3"}}, 9);
  this->house.reopen();
  EXPECT_THAT(this->rows(0, TableId::kUsers), ElementsAre(Pair("bob", "3")));
  EXPECT_THAT(this->mark(0), Optional(mark_of(9)));
}

TYPED_TEST(StoreContract, DropsForGoodWhatWasFlushed) {
  this->apply(0, {{TableId::kUsers, "ann", "1"}});
  ASSERT_TRUE(this->store().flush());
  ASSERT_TRUE(this->store().drop(0));
  this->house.reopen();
  EXPECT_EQ(this->mark(0), std::nullopt);
  EXPECT_THAT(this->rows(0, TableId::kUsers), IsEmpty());
}

TYPED_TEST(StoreContract, FillsWithoutMovingTheMark) {
  this->apply(0, {{TableId::kUsers, "ann", "1"}, {TableId::kUsers, "bob", "1"}}, 7);
  const std::vector<Entry> newer = {{TableId::kUsers, "ann", "2"}, {TableId::kUsers, "bob", std::nullopt}};
  ASSERT_TRUE(this->store().fill(0, newer));
  ASSERT_TRUE(this->store().fill(1, newer));
  EXPECT_THAT(this->rows(0, TableId::kUsers), ElementsAre(Pair("ann", "2")));
  EXPECT_THAT(this->mark(0), Optional(mark_of(7)));
  EXPECT_EQ(this->mark(1), std::nullopt);
  ASSERT_TRUE(this->store().drop(1));
  EXPECT_THAT(this->rows(1, TableId::kUsers), IsEmpty()) << "what has no mark can be dropped, too";
}

TYPED_TEST(StoreContract, NamesItsPartitions) {
  for (const Partition partition : {11, 2}) this->apply(partition, {});
  EXPECT_THAT(this->store().partitions(), ElementsAre(2, 11));
  this->house.reopen();
  EXPECT_THAT(this->store().partitions(), ElementsAre(2, 11));
}

TYPED_TEST(StoreContract, DropsAPartitionItNeverHeld) { EXPECT_TRUE(this->store().drop(17)); }

TYPED_TEST(StoreContract, HoldsEverythingAfterACleanStop) {
  this->apply(0, {{TableId::kUsers, "ann", "1"}, {TableId::kUsers, "bob", "1"}}, 1);
  ASSERT_TRUE(this->store().flush());
  this->apply(0, {{TableId::kUsers, "ann", "2"}, {TableId::kUsers, "bob", std::nullopt}}, 2);
  this->house.reopen();
  EXPECT_THAT(this->rows(0, TableId::kUsers), ElementsAre(Pair("ann", "2")));
  EXPECT_THAT(this->mark(0), Optional(mark_of(2)));
}

TYPED_TEST(StoreContract, HoldsManyPartitionsApart) {
  constexpr Partition kPartitions = 20;
  for (Partition p = 0; p < kPartitions; ++p) {
    this->apply(p, {{TableId::kUsers, "ann", std::to_string(p)}}, static_cast<std::uint64_t>(p) + 1);
  }
  this->house.reopen();
  for (Partition p = 0; p < kPartitions; ++p) {
    EXPECT_THAT(this->rows(p, TableId::kUsers), ElementsAre(Pair("ann", std::to_string(p))));
    EXPECT_THAT(this->mark(p), Optional(mark_of(static_cast<std::uint64_t>(p) + 1)));
  }
}

TYPED_TEST(StoreContract, TakesValuesOfAMegabyte) {
  const std::string large(1 << 20, 'x');
  this->apply(0, {{TableId::kWindows, "ann", large}});
  this->house.reopen();
  EXPECT_EQ(this->get(0, TableId::kWindows, "ann"), large);
}

// One thread commits, another reads: each scan sees one whole batch, never part of one, and nothing goes back.
TYPED_TEST(StoreContract, ShowsReadersWholeBatchesWhileAWriterApplies) {
  constexpr int kKeys = 50;
  constexpr std::uint64_t kBatches = 200;
  const auto batch = [](std::uint64_t number) {
    std::vector<Entry> entries;
    for (int key = 0; key < kKeys; ++key)
      entries.push_back({TableId::kUsers, std::to_string(key), std::to_string(number)});
    return entries;
  };
  this->apply(0, batch(1), 1);
  std::atomic<bool> done = false;
  std::thread reader([&] {
    std::uint64_t newest = 1;
    for (bool last = false; !last;) {
      last = done;  // one more round after the last batch
      const std::uint64_t before = this->mark(0)->epoch;
      const Rows rows = this->rows(0, TableId::kUsers);
      const std::uint64_t after = this->mark(0)->epoch;
      EXPECT_EQ(rows.size(), static_cast<std::size_t>(kKeys));
      const std::uint64_t seen = std::stoull(rows.front().second);
      for (const auto& [key, value] : rows) EXPECT_EQ(value, rows.front().second);
      EXPECT_GE(seen, before);
      EXPECT_LE(seen, after);
      EXPECT_GE(std::stoull(*this->get(0, TableId::kUsers, "7")), newest);
      newest = after;
    }
  });
  for (std::uint64_t number = 2; number <= kBatches; ++number) this->apply(0, batch(number), number);
  done = true;
  reader.join();
  EXPECT_THAT(this->mark(0), Optional(mark_of(kBatches)));
}

// Lanes commit side by side; each creates its own partition.
TYPED_TEST(StoreContract, TakesBatchesOfDifferentPartitionsFromDifferentThreads) {
  constexpr Partition kPartitions = 4;
  std::vector<std::thread> writers;
  for (Partition p = 0; p < kPartitions; ++p) {
    writers.emplace_back([this, p] {
      for (std::uint64_t epoch = 1; epoch <= 50; ++epoch) {
        this->apply(p, {{TableId::kUsers, std::to_string(epoch), std::to_string(p)}}, epoch);
      }
    });
  }
  for (auto& writer : writers) writer.join();
  for (Partition p = 0; p < kPartitions; ++p) {
    EXPECT_EQ(this->rows(p, TableId::kUsers).size(), 50U);
    EXPECT_THAT(this->mark(p), Optional(mark_of(50)));
  }
}

// --- what only memory does: forget like a process that died ---

TEST(MemoryStore, GoesBackToTheLastFlushPerPartition) {
  MemoryStore store;
  const std::vector<Entry> one = {{TableId::kUsers, "ann", "1"}};
  const std::vector<Entry> two = {{TableId::kUsers, "ann", "2"}};
  for (const Partition p : {0, 1, 2}) ASSERT_TRUE(store.apply(p, one, mark_of(1)));
  store.flush_one(0);
  store.flush_one(1);
  for (const Partition p : {0, 1, 2}) ASSERT_TRUE(store.apply(p, two, mark_of(2)));
  store.flush_one(1);
  store.lose_unflushed();
  EXPECT_THAT(store.mark(0).value(), Optional(mark_of(1)));
  EXPECT_THAT(store.get(0, TableId::kUsers, "ann").value(), Optional(std::string("1")));
  EXPECT_THAT(store.mark(1).value(), Optional(mark_of(2)));
  EXPECT_THAT(store.get(1, TableId::kUsers, "ann").value(), Optional(std::string("2")));
  EXPECT_EQ(store.mark(2).value(), std::nullopt);
}

}  // namespace
}  // namespace driftcast
