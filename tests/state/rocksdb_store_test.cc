// What only the store on disk can do: be locked, be foreign, be newer, be damaged, and lose its memtables.
#include "state/rocksdb_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;
using testing::Pair;

Mark mark_of(std::uint64_t epoch) {
  Mark mark;
  mark.epoch = epoch;
  return mark;
}

Result<std::unique_ptr<RocksDbStore>> open(const std::string& dir) { return RocksDbStore::open(dir, StateOptions{}); }

// A database as some other program, or another version of this one, would leave it.
void leave_database(const std::string& dir, const std::string& key, const std::string& value,
                    const std::string& family = "") {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, dir, &raw).ok());
  const std::unique_ptr<rocksdb::DB> database(raw);
  ASSERT_TRUE(key.empty() || database->Put({}, key, value).ok());
  if (family.empty()) return;
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  ASSERT_TRUE(database->CreateColumnFamily({}, family, &handle).ok());
  ASSERT_TRUE(database->DestroyColumnFamilyHandle(handle).ok());
}

void expect_refused(const std::string& dir, ErrorCode code, const std::string& message) {
  const auto store = open(dir);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, code);
  EXPECT_THAT(store.error().message, HasSubstr(message));
}

TEST(RocksDbStore, RefusesADirectoryThatThisProcessHasOpen) {
  const ScratchDir dir;
  const auto first = open(dir.path());
  ASSERT_TRUE(first);
  expect_refused(dir.path(), ErrorCode::kRefused, "state directory '" + dir.path() + "' is in use by another process");
}

TEST(RocksDbStore, OpensAgainOnceTheOtherIsGone) {
  const ScratchDir dir;
  { ASSERT_TRUE(open(dir.path())); }
  EXPECT_TRUE(open(dir.path()));
}

TEST(RocksDbStore, ReachesTheDiskWithoutBeingWaitedFor) {
  const ScratchDir dir;
  const auto store = open(dir.path());
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->apply(0, {}, mark_of(1)));
  ASSERT_TRUE((*store)->start_flush());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  const auto tables = [&] {
    const std::filesystem::directory_iterator entries(dir.path());
    return std::count_if(begin(entries), end(entries), [](const auto& e) { return e.path().extension() == ".sst"; });
  };
  while (tables() < 2 && std::chrono::steady_clock::now() < deadline) {  // one holds the format
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  EXPECT_GE(tables(), 2);
}

TEST(RocksDbStore, RefusesADatabaseOfAnotherProgram) {
  const ScratchDir dir;
  leave_database(dir.path(), "hello", "world");
  expect_refused(dir.path(), ErrorCode::kConfig, "does not tell its format");
}

TEST(RocksDbStore, RefusesADatabaseWithFamiliesItDoesNotKnow) {
  const ScratchDir dir;
  leave_database(dir.path(), "format", "1", "cities");
  expect_refused(dir.path(), ErrorCode::kConfig, "holds 'cities', which this program does not know");
}

TEST(RocksDbStore, RefusesPartitionsWithoutAFormat) {
  const ScratchDir dir;
  leave_database(dir.path(), "", "", "partition-0");
  expect_refused(dir.path(), ErrorCode::kConfig, "does not tell its format");
}

TEST(RocksDbStore, RefusesANewerFormat) {
  const ScratchDir dir;
  leave_database(dir.path(), "format", std::to_string(Mark::kFormat + 1), "partition-0");
  expect_refused(dir.path(), ErrorCode::kConfig, "has format 2, newer than this program's 1");
}

TEST(RocksDbStore, TakesADatabaseThatDiedBeforeItsFormatWasWritten) {
  const ScratchDir dir;
  leave_database(dir.path(), "", "");
  EXPECT_TRUE(open(dir.path()));
}

TEST(RocksDbStore, RefusesAFileInPlaceOfTheDirectory) {
  const ScratchDir dir;
  std::ofstream(dir.path("state")) << "not a directory";
  expect_refused(dir.path("state"), ErrorCode::kCannotCreate, "cannot create the state directory");
  expect_refused(dir.path("state/below"), ErrorCode::kCannotCreate, "cannot create the state directory");
}

TEST(RocksDbStore, MakesTheDirectoryAndItsParents) {
  const ScratchDir dir;
  EXPECT_TRUE(open(dir.path("a/b/c")));
}

TEST(RocksDbStore, SaysWhatToDoWhenAFileIsDamaged) {
  const ScratchDir dir;
  {
    const auto store = open(dir.path());
    ASSERT_TRUE(store);
    std::vector<Entry> entries;
    for (int i = 0; i < 1000; ++i) entries.push_back({TableId::kUsers, std::to_string(i), std::string(100, 'x')});
    ASSERT_TRUE((*store)->apply(0, entries, mark_of(1)));
  }
  for (const auto& file : std::filesystem::directory_iterator(dir.path())) {
    if (file.path().extension() != ".sst") continue;
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(100) << "damage";
  }
  const auto store = open(dir.path());
  const auto scanned = store ? (*store)->scan(0, TableId::kUsers, [](auto, auto) { return Result<void>(); })
                             : Result<void>(store.error());
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().code, ErrorCode::kIo);
  EXPECT_THAT(scanned.error().message, HasSubstr("move the directory away and it is rebuilt from the log"));
}

// --- with another process; it runs the same test from the start up to its death ---

class RocksDbStoreDeathTest : public testing::Test {
 protected:
  RocksDbStoreDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  // The same directory in this process and in the one that dies.
  static std::string shared_dir(const ScratchDir& mine) {
    ::setenv("DRIFTCAST_TEST_DIR", mine.path().c_str(), 0);
    return std::getenv("DRIFTCAST_TEST_DIR");
  }
  void TearDown() override { ::unsetenv("DRIFTCAST_TEST_DIR"); }
};

TEST_F(RocksDbStoreDeathTest, RefusesADirectoryThatAnotherProcessHasOpen) {
  const ScratchDir mine;
  const std::string dir = shared_dir(mine);
  const auto first = open(dir);
  const auto try_it = [&] {
    const auto second = open(dir);
    if (second) std::_Exit(0);
    std::cerr << second.error().message << std::endl;
    std::_Exit(static_cast<int>(second.error().code));
  };
  EXPECT_EXIT(try_it(), testing::ExitedWithCode(77), "is in use by another process; stop it, or give this one another");
  EXPECT_TRUE(first);
}

// Batch n replaces the user's state and adds one row: any batch is recognised by its rows.
std::vector<Entry> batch(std::uint64_t number) {
  return {{TableId::kUsers, "ann", std::to_string(number)}, {TableId::kWindows, std::to_string(number), "row"}};
}

// A kill takes the memtables. Each partition then stands, whole, at some earlier batch, at least at what was flushed.
TEST_F(RocksDbStoreDeathTest, StandsAtAnEarlierMarkAfterAKill) {
  const ScratchDir mine;
  const std::string dir = shared_dir(mine);
  const auto work_and_die = [&] {
    const auto store = open(dir);
    for (std::uint64_t n = 1; n <= 30; ++n) {
      for (const Partition p : {0, 1}) (void)(*store)->apply(p, batch(n), mark_of(n));
      if (n == 20) (void)(*store)->flush();
    }
    (void)std::raise(SIGKILL);
  };
  EXPECT_EXIT(work_and_die(), testing::KilledBySignal(SIGKILL), "");
  const auto store = open(dir);
  ASSERT_TRUE(store) << store.error().message;
  for (const Partition p : {0, 1}) {
    const auto mark = (*store)->mark(p).value();
    ASSERT_TRUE(mark.has_value());
    EXPECT_GE(mark->epoch, 20U);
    EXPECT_LT(mark->epoch, 30U);  // else this test lost nothing
    EXPECT_THAT((*store)->get(p, TableId::kUsers, "ann").value(), Optional(std::to_string(mark->epoch)));
    std::uint64_t rows = 0;
    EXPECT_TRUE((*store)->scan(p, TableId::kWindows, [&](auto, auto) {
      ++rows;
      return Result<void>();
    }));
    EXPECT_EQ(rows, mark->epoch);
  }
}

TEST_F(RocksDbStoreDeathTest, CanBeOpenedAfterAKillBeforeAnythingWasFlushed) {
  const ScratchDir mine;
  const std::string dir = shared_dir(mine);
  const auto work_and_die = [&] {
    const auto store = open(dir);
    (void)(*store)->apply(0, batch(1), mark_of(1));
    (void)std::raise(SIGKILL);
  };
  EXPECT_EXIT(work_and_die(), testing::KilledBySignal(SIGKILL), "");
  const auto store = open(dir);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->mark(0).value(), std::nullopt);
  EXPECT_EQ((*store)->get(0, TableId::kUsers, "ann").value(), std::nullopt);
}

}  // namespace
}  // namespace driftcast
