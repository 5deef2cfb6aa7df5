// The journal: the newest whole record is the committed state; what a crash leaves behind it does not count.
#include "pipeline/journal.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "config/files.h"
#include "core/hash.h"
#include "tests/support/hex.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

JournalRecord record_of(std::int64_t number) {
  JournalRecord record;
  record.dir = "/out";
  record.sizes = {{"a.jsonl", 100 * number}, {"b.jsonl", 0}};
  record.offsets = {{0, {10 * number, 1}, 7, 3, Mark::kFormat, 11, 12},
                    {1, {20 * number, 0}, 7, 2, Mark::kFormat, 11, 12}};
  return record;
}

// Equal when all bytes are.
bool same(const std::optional<JournalRecord>& a, const JournalRecord& b) {
  return a && encode_value(*a) == encode_value(b);
}

class JournalTest : public testing::Test {
 protected:
  std::string bytes() const { return read_if_present(path_).value(); }
  void leave(std::string_view bytes) const { ASSERT_TRUE(replace_file(path_, bytes)); }
  Result<Journal> open() const { return Journal::open(path_); }
  std::string bytes_of(std::initializer_list<std::int64_t> numbers) const {
    std::filesystem::remove(path_);
    auto journal = open();
    for (const std::int64_t number : numbers) EXPECT_TRUE(journal->append(record_of(number), false));
    return bytes();
  }

  ScratchDir dir_;
  const std::string path_ = dir_.path("journal");
};

TEST_F(JournalTest, BeginsEmpty) {
  const auto journal = open();
  ASSERT_TRUE(journal);
  EXPECT_FALSE(journal->newest());
}

TEST_F(JournalTest, GivesBackTheNewestRecord) {
  {
    auto journal = open();
    ASSERT_TRUE(journal->append(record_of(1), false));
    ASSERT_TRUE(journal->append(record_of(2), true));
    EXPECT_TRUE(same(journal->newest(), record_of(2)));
  }
  EXPECT_TRUE(same(open()->newest(), record_of(2)));
}

TEST_F(JournalTest, KeepsOnlyItsNewestRecordWhenItIsOpened) {
  const std::string one = bytes_of({3});
  leave(bytes_of({1, 2, 3}));
  ASSERT_TRUE(open());
  EXPECT_EQ(bytes(), one);
}

TEST_F(JournalTest, IgnoresALastRecordTornAnywhere) {
  const std::string one = bytes_of({1});
  const std::string two = bytes_of({1, 2});
  for (std::size_t size = one.size(); size < two.size(); ++size) {
    leave(two.substr(0, size));
    auto journal = open();
    ASSERT_TRUE(journal) << size << ": " << journal.error().message;
    EXPECT_TRUE(same(journal->newest(), record_of(1))) << size;
    ASSERT_TRUE(journal->append(record_of(3), false));
    EXPECT_TRUE(same(open()->newest(), record_of(3))) << size;
  }
}

TEST_F(JournalTest, IgnoresRoomThatWasNeverFilled) {
  leave(bytes_of({1}) + std::string(5000, '\0'));
  EXPECT_TRUE(same(open()->newest(), record_of(1)));
}

TEST_F(JournalTest, TakesADamagedLastRecordForATornOne) {
  const std::string one = bytes_of({1});
  std::string two = bytes_of({1, 2});
  for (std::size_t i = one.size(); i < two.size(); ++i) {
    two[i] = static_cast<char>(two[i] ^ 4);
    leave(two);
    const auto journal = open();
    ASSERT_TRUE(journal) << i << ": " << journal.error().message;
    EXPECT_TRUE(same(journal->newest(), record_of(1))) << i;
    two[i] = static_cast<char>(two[i] ^ 4);
  }
}

// Also a damaged length: what follows must not be taken for a torn end, or commits would be forgotten.
TEST_F(JournalTest, RefusesDamageBeforeAWholeRecord) {
  const std::string one = bytes_of({1});
  std::string three = bytes_of({1, 2, 3});
  for (std::size_t i = 0; i < one.size(); ++i) {
    three[i] = static_cast<char>(three[i] ^ 4);
    leave(three);
    const auto journal = open();
    ASSERT_FALSE(journal) << i;
    EXPECT_EQ(journal.error().code, ErrorCode::kIo);
    EXPECT_EQ(journal.error().message.rfind("the journal '" + path_ + "' cannot be used: ", 0), 0U)
        << journal.error().message;
    EXPECT_EQ(bytes(), three) << "a refused journal is left as it is";
    three[i] = static_cast<char>(three[i] ^ 4);
  }
}

TEST_F(JournalTest, RefusesANewerFormat) {
  std::string newer = bytes_of({1});
  newer[8] = static_cast<char>(JournalRecord::kFormat + 1);
  const auto checksum = static_cast<std::uint32_t>(hash64(std::string_view(newer).substr(8, newer.size() - 12)));
  std::memcpy(newer.data() + newer.size() - 4, &checksum, sizeof checksum);
  leave(newer);
  const auto journal = open();
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, ErrorCode::kConfig);
}

TEST_F(JournalTest, SaysWhereItCannotBeMade) {
  const auto journal = Journal::open(dir_.path("nowhere/journal"));
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, ErrorCode::kCannotCreate);
}

TEST_F(JournalTest, LeavesTheRecordBeforeWhenAnAppendFails) {
  auto journal = open();
  ASSERT_TRUE(journal->append(record_of(1), false));
  const std::string before = bytes();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit saved{};
  ::getrlimit(RLIMIT_FSIZE, &saved);
  const rlimit tight{before.size() + 10, saved.rlim_max};  // the disk is full in the middle of a record
  ::setrlimit(RLIMIT_FSIZE, &tight);
  const auto appended = journal->append(record_of(2), false);
  ::setrlimit(RLIMIT_FSIZE, &saved);
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, ErrorCode::kIo);
  EXPECT_EQ(bytes(), before);
  EXPECT_TRUE(same(journal->newest(), record_of(1)));
  ASSERT_TRUE(journal->append(record_of(3), false));
  EXPECT_TRUE(same(open()->newest(), record_of(3)));
}

TEST_F(JournalTest, StillReadsTheBytesOfTheFirstFormat) {
  const std::string golden =
      "2f0000004b308ca2"                          // length, its checksum
      "01042f6f7574"                              // format, "/out"
      "0207612e6a736f6e6cc80107622e6a736f6e6c00"  // two sizes: a.jsonl 100, b.jsonl 0
      "020014020703010b0c0228000702010b0c"        // two offsets: partition, position, lineage, mark, format, hashes
      "1181f4bf";                                 // checksum
  EXPECT_EQ(hex(bytes_of({1})), golden);
  leave(unhex(golden));
  EXPECT_TRUE(same(open()->newest(), record_of(1)));
}

}  // namespace
}  // namespace driftcast
