// Table: whatever is evicted, pinned or rolled back, a read finds the last edit.
#include "state/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>
#include <stdexcept>

#include "state/memory_store.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsNull;

struct Note {
  static constexpr std::uint8_t kFormat = 1;
  std::string text;
};
template <class Archive>
void fields(Archive& archive, Note& note) {
  archive(note.text);
}
std::size_t footprint(const Note& note) { return note.text.capacity(); }

// A store that tells how often it was asked.
class CountingStore final : public Store {
 public:
  Result<std::optional<std::string>> get(Partition partition, TableId table, std::string_view key) override {
    ++reads;
    return memory.get(partition, table, key);
  }
  Result<void> scan(Partition partition, TableId table, const Visitor& visitor) override {
    return memory.scan(partition, table, visitor);
  }
  Result<void> apply(Partition partition, std::span<const Entry> entries, const Mark& mark) override {
    return memory.apply(partition, entries, mark);
  }
  Result<void> fill(Partition partition, std::span<const Entry> entries) override {
    return memory.fill(partition, entries);
  }
  std::vector<Partition> partitions() override { return memory.partitions(); }
  Result<std::optional<Mark>> mark(Partition partition) override { return memory.mark(partition); }
  Result<void> prepare(std::span<const Partition> all) override { return memory.prepare(all); }
  Result<void> drop(Partition partition) override { return memory.drop(partition); }
  Result<void> flush() override { return memory.flush(); }

  MemoryStore memory;
  int reads = 0;
};

constexpr Partition kPartition = 3;
using Notes = Table<Note>;

Notes notes(Store& store, std::int64_t budget) { return {store, kPartition, TableId::kLedger, budget}; }

void write(Notes& table, std::string_view key, std::string_view text) { table.edit(key).value().state->text = text; }

std::optional<std::string> read(Notes& table, std::string_view key) {
  const Note* note = table.peek(key).value();
  return note == nullptr ? std::nullopt : std::optional(note->text);
}

// Encodes what is dirty and stores it, as a committer would later.
std::vector<Entry> encode(Notes& table, std::uint64_t epoch) {
  std::vector<Entry> entries;
  table.encode_dirty(epoch, entries);
  return entries;
}
void store_away(Notes& table, Store& store, std::uint64_t epoch, const std::vector<Entry>& entries) {
  ASSERT_TRUE(store.apply(kPartition, entries, Mark{}));
  table.written(epoch);
}

std::string stored(std::string_view text) { return encode_value(Note{std::string(text)}); }

TEST(Table, SaysWhetherAStateIsNew) {
  MemoryStore store;
  Notes table = notes(store, 0);
  EXPECT_TRUE(table.edit("ann").value().created);
  EXPECT_FALSE(table.edit("ann").value().created);
  store_away(table, store, 1, encode(table, 1));
  table.trim();
  EXPECT_FALSE(table.edit("ann").value().created);
}

TEST(Table, KnowsAnAbsentKeyWithoutAskingTwice) {
  CountingStore store;
  Notes table = notes(store, 1 << 20);
  EXPECT_THAT(table.peek("ann").value(), IsNull());
  EXPECT_THAT(table.peek("ann").value(), IsNull());
  EXPECT_EQ(store.reads, 1);
  EXPECT_EQ(table.dirty_bytes(), 0);
  EXPECT_TRUE(encode(table, 1).empty());
}

TEST(Table, EncodesOnlyWhatIsDirtyInTheOrderOfKeys) {
  MemoryStore store;
  Notes table = notes(store, 1 << 20);
  for (const char* key : {"eve", "ann", "bob"}) write(table, key, "1");
  EXPECT_THAT(encode(table, 1),
              ElementsAre(Entry{TableId::kLedger, "ann", stored("1")}, Entry{TableId::kLedger, "bob", stored("1")},
                          Entry{TableId::kLedger, "eve", stored("1")}));
  write(table, "bob", "2");
  (void)table.peek("eve");
  EXPECT_THAT(encode(table, 2), ElementsAre(Entry{TableId::kLedger, "bob", stored("2")}));
  EXPECT_TRUE(encode(table, 3).empty());
}

TEST(Table, AppendsToWhatOtherTablesEncoded) {
  MemoryStore store;
  Notes table = notes(store, 1 << 20);
  write(table, "ann", "1");
  std::vector<Entry> entries = {{TableId::kUsers, "zoe", "z"}};
  table.encode_dirty(1, entries);
  EXPECT_THAT(entries, ElementsAre(Entry{TableId::kUsers, "zoe", "z"}, Entry{TableId::kLedger, "ann", stored("1")}));
}

TEST(Table, NeverEvictsWhatIsDirty) {
  MemoryStore store;
  Notes table = notes(store, 0);
  write(table, "ann", "1");
  table.trim();
  EXPECT_EQ(read(table, "ann"), "1");
}

// Else an encoded entry counts as clean, is evicted, and read again stale.
TEST(Table, KeepsAnEntryUntilTheLastEpochThatEncodedItIsWritten) {
  MemoryStore store;
  Notes table = notes(store, 0);
  write(table, "ann", "1");
  const auto first = encode(table, 1);
  table.trim();
  EXPECT_EQ(read(table, "ann"), "1");  // nothing is in the store yet
  write(table, "ann", "2");
  const auto second = encode(table, 2);
  store_away(table, store, 1, first);
  table.trim();
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(read(table, "ann"), "2");  // the store holds "1"
  store_away(table, store, 2, second);
  table.trim();
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(read(table, "ann"), "2");
}

TEST(Table, KeepsADeletionUntilItIsWritten) {
  MemoryStore store;
  Notes table = notes(store, 0);
  write(table, "ann", "1");
  store_away(table, store, 1, encode(table, 1));
  ASSERT_TRUE(table.erase("ann"));
  table.trim();
  EXPECT_EQ(read(table, "ann"), std::nullopt);
  const auto deletion = encode(table, 2);
  EXPECT_THAT(deletion, ElementsAre(Entry{TableId::kLedger, "ann", std::nullopt}));
  table.trim();
  EXPECT_EQ(read(table, "ann"), std::nullopt);  // the store still holds "1"
  store_away(table, store, 2, deletion);
  table.trim();
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(read(table, "ann"), std::nullopt);
}

TEST(Table, ShipsATombstoneAlsoForAKeyTheStoreHasNotSeen) {
  CountingStore store;
  Notes table = notes(store, 1 << 20);
  write(table, "ann", "1");
  ASSERT_TRUE(table.erase("ann"));
  ASSERT_TRUE(table.erase("bob"));
  EXPECT_EQ(store.reads, 1);  // for ann's edit; a deletion reads nothing
  EXPECT_THAT(encode(table, 1),
              ElementsAre(Entry{TableId::kLedger, "ann", std::nullopt}, Entry{TableId::kLedger, "bob", std::nullopt}));
}

TEST(Table, RemembersNothingOfADeletionThatIsWritten) {
  MemoryStore store;
  Notes table = notes(store, 1 << 20);
  for (const char* key : {"ann", "bob", "eve"}) write(table, key, "1");
  store_away(table, store, 1, encode(table, 1));
  ASSERT_TRUE(table.erase("ann"));
  ASSERT_TRUE(table.erase("bob"));
  const auto deletions = encode(table, 2);
  table.trim();
  EXPECT_EQ(table.size(), 3);
  write(table, "bob", "back again");
  store_away(table, store, 2, deletions);
  table.trim();
  EXPECT_EQ(table.size(), 2) << "it has nothing to do with the budget";
  EXPECT_EQ(read(table, "ann"), std::nullopt);
  EXPECT_EQ(read(table, "bob"), "back again");
  ASSERT_TRUE(table.erase("bob"));
  store_away(table, store, 3, encode(table, 3));
  table.trim();
  EXPECT_EQ(read(table, "bob"), std::nullopt);
  EXPECT_EQ(read(table, "eve"), "1");
}

TEST(Table, StartsAfreshAfterADeletion) {
  MemoryStore store;
  Notes table = notes(store, 1 << 20);
  write(table, "ann", "1");
  ASSERT_TRUE(table.erase("ann"));
  const auto found = table.edit("ann").value();
  EXPECT_TRUE(found.created);
  EXPECT_EQ(found.state->text, "");
}

TEST(Table, ForgetsEverythingInARollback) {
  MemoryStore store;
  Notes table = notes(store, 0);
  write(table, "ann", "committed");
  store_away(table, store, 1, encode(table, 1));
  write(table, "ann", "pinned");
  (void)encode(table, 2);
  write(table, "ann", "dirty");
  ASSERT_TRUE(table.erase("bob"));
  table.clear();
  EXPECT_EQ(table.bytes(), 0);
  EXPECT_EQ(table.dirty_bytes(), 0);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_TRUE(encode(table, 3).empty());
  EXPECT_EQ(read(table, "ann"), "committed");
}

TEST(Table, CountsEveryByteAndGivesAllBack) {
  MemoryStore store;
  Notes table = notes(store, 0);
  write(table, "ann", "");
  const std::int64_t small = table.bytes();
  EXPECT_GT(small, 0);
  EXPECT_EQ(table.dirty_bytes(), small);
  constexpr std::int64_t kGrowth = 10'000;
  write(table, "ann", std::string(kGrowth + 15, 'x'));  // an empty string takes 15 already
  const auto entries = encode(table, 1);                // measures anew
  EXPECT_EQ(table.bytes(), small + kGrowth);
  EXPECT_EQ(table.dirty_bytes(), 0);
  store_away(table, store, 1, entries);
  table.trim();
  EXPECT_EQ(table.bytes(), 0);
  (void)read(table, "ann");
  EXPECT_EQ(table.bytes(), small + kGrowth);
}

TEST(Table, SparesWhatWasUsedSinceTheClocksLastTurn) {
  CountingStore store;
  for (const char* key : {"ann", "bob", "eve", "zoe"}) {
    ASSERT_TRUE(store.apply(kPartition, std::vector<Entry>{{TableId::kLedger, key, stored("1")}}, Mark{}));
  }
  Notes one = notes(store, 1 << 20);
  (void)read(one, "ann");
  Notes table = notes(store, 2 * one.bytes());
  for (const char* key : {"ann", "bob", "eve"}) (void)read(table, key);
  table.trim();  // all were used: the first of them goes
  EXPECT_EQ(table.size(), 2U);
  (void)read(table, "bob");
  (void)read(table, "zoe");
  table.trim();  // eve was not used since
  store.reads = 0;
  EXPECT_EQ(read(table, "bob"), "1");
  EXPECT_EQ(read(table, "zoe"), "1");
  EXPECT_EQ(store.reads, 0);
  EXPECT_EQ(read(table, "eve"), "1");
  EXPECT_EQ(store.reads, 1);
}

TEST(Table, KeepsTheBudgetAgainOnceWhatWasPinnedIsWritten) {
  MemoryStore store;
  Notes table = notes(store, 10'000);
  for (int i = 0; i < 1000; ++i) write(table, std::to_string(i), "1");
  const auto entries = encode(table, 1);
  table.trim();
  EXPECT_EQ(table.size(), 1000U);
  store_away(table, store, 1, entries);
  table.trim();
  EXPECT_LE(table.bytes(), 10'000);
  EXPECT_GT(table.size(), 0U);
}

TEST(Table, NamesTablePartitionAndCauseWhenAStoredStateIsDamaged) {
  MemoryStore store;
  std::string damaged = stored("1");
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  ASSERT_TRUE(store.apply(kPartition, std::vector<Entry>{{TableId::kLedger, "ann", damaged}}, Mark{}));
  Notes table = notes(store, 1 << 20);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto found = table.edit("ann");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::kIo);
    EXPECT_THAT(found.error().message, HasSubstr("table ledger of partition 3: a stored value is damaged"));
    EXPECT_FALSE(table.peek("ann"));
  }
  EXPECT_EQ(table.size(), 0U);
}

// --- against a slow twin ---

// What the table should be: one map of the present, one of what each key's fate in the cache must be.
struct Twin {
  std::map<std::string, std::string> now;
  std::set<std::string> dirty;
  std::map<std::string, std::uint64_t> encoded;  // last epoch that encoded a key
  std::uint64_t written = 0;

  std::size_t pinned() const {
    std::set<std::string> keys = dirty;
    for (const auto& [key, epoch] : encoded) {
      if (epoch > written) keys.insert(key);
    }
    return keys.size();
  }
};

#define REQUIRE(condition) \
  if (!(condition)) throw std::logic_error("does not hold: " #condition)

// Does the same to both and compares; throws where they differ.
class Play {
 public:
  explicit Play(std::int64_t budget) : budget_(budget), table_(notes(store_, budget)) {}

  void edit(const std::string& key, const std::string& text) {
    const auto found = table_.edit(key).value();
    REQUIRE(found.created == !twin_.now.contains(key));
    REQUIRE(found.created || found.state->text == twin_.now[key]);
    found.state->text = text;
    twin_.now[key] = text;
    twin_.dirty.insert(key);
  }
  void peek(const std::string& key) {
    const auto expected = twin_.now.contains(key) ? std::optional(twin_.now[key]) : std::nullopt;
    REQUIRE(read(table_, key) == expected);
  }
  void erase(const std::string& key) {
    REQUIRE(table_.erase(key).has_value());
    twin_.now.erase(key);
    twin_.dirty.insert(key);
  }
  // An epoch ends; it is written later, or never.
  void end_epoch() {
    ++epoch_;
    std::vector<Entry> entries = encode(table_, epoch_);
    std::vector<Entry> expected;
    for (const std::string& key : twin_.dirty) {
      const auto state = twin_.now.find(key);
      expected.push_back(
          {TableId::kLedger, key, state == twin_.now.end() ? std::nullopt : std::optional(stored(state->second))});
      twin_.encoded[key] = epoch_;
    }
    twin_.dirty.clear();
    REQUIRE(entries == expected);
    REQUIRE(table_.dirty_bytes() == 0);
    under_way_.emplace_back(epoch_, std::move(entries));
  }
  void write_oldest_epoch() {
    if (under_way_.empty()) return;
    const auto& [epoch, entries] = under_way_.front();
    REQUIRE(store_.apply(kPartition, entries, Mark{}).has_value());
    table_.written(epoch);
    twin_.written = epoch;
    under_way_.pop_front();
  }
  void trim() {
    table_.trim();
    REQUIRE(table_.size() >= twin_.pinned());
    REQUIRE(budget_ > 0 || table_.size() <= twin_.pinned() + table_.size() / 8);
  }
  void roll_back() {
    table_.clear();
    under_way_.clear();
    twin_ = Twin{{}, {}, {}, twin_.written};
    REQUIRE(store_
                .scan(kPartition, TableId::kLedger,
                      [&](std::string_view key, std::string_view value) {
                        twin_.now[std::string(key)] = decode_value<Note>(value).value().text;
                        return Result<void>();
                      })
                .has_value());
  }
  // At the end all is in the store, and all memory is given back.
  void settle() {
    end_epoch();
    while (!under_way_.empty()) write_oldest_epoch();
    std::map<std::string, std::string> in_store;
    REQUIRE(store_
                .scan(kPartition, TableId::kLedger,
                      [&](std::string_view key, std::string_view value) {
                        in_store[std::string(key)] = decode_value<Note>(value).value().text;
                        return Result<void>();
                      })
                .has_value());
    REQUIRE(in_store == twin_.now);
    trim();
    REQUIRE(table_.bytes() <= budget_);
    REQUIRE(budget_ > 0 || table_.size() == 0);
  }

 private:
  const std::int64_t budget_;
  MemoryStore store_;
  Notes table_;
  Twin twin_;
  std::uint64_t epoch_ = 0;
  std::deque<std::pair<std::uint64_t, std::vector<Entry>>> under_way_;
};

#undef REQUIRE

enum class Act { kEdit, kPeek, kErase, kEndEpoch, kWriteOldestEpoch, kTrim, kRollBack };

struct Command {
  Act act = Act::kEdit;
  std::string key, text;

  void run(Play& play) const {
    switch (act) {
      case Act::kEdit: return play.edit(key, text);
      case Act::kPeek: return play.peek(key);
      case Act::kErase: return play.erase(key);
      case Act::kEndEpoch: return play.end_epoch();
      case Act::kWriteOldestEpoch: return play.write_oldest_epoch();
      case Act::kTrim: return play.trim();
      case Act::kRollBack: return play.roll_back();
    }
  }
  friend std::ostream& operator<<(std::ostream& out, const Command& command) {
    static constexpr const char* kNames[] = {"edit", "peek",     "erase", "end_epoch", "write_oldest_epoch",
                                             "trim", "roll_back"};
    return out << kNames[static_cast<int>(command.act)] << " " << command.key << " '" << command.text << "'";
  }
};

rc::Gen<Command> any_command() {
  const auto act = rc::gen::weightedElement<Act>({{6, Act::kEdit},
                                                  {4, Act::kPeek},
                                                  {2, Act::kErase},
                                                  {3, Act::kEndEpoch},
                                                  {3, Act::kWriteOldestEpoch},
                                                  {4, Act::kTrim},
                                                  {1, Act::kRollBack}});
  const auto key = rc::gen::element<std::string>("", "ann", "bob", "eve", "zoe");
  const auto text = rc::gen::element<std::string>("", "1", "2", std::string(200, 'x'));
  return rc::gen::construct<Command>(act, key, text);
}

void play(const std::vector<Command>& commands, std::int64_t budget) {
  Play play(budget);
  for (const Command& command : commands) command.run(play);
  play.settle();
}

RC_GTEST_PROP(TableTwin, AgreesWhenNothingFits, ()) {
  play(*rc::gen::container<std::vector<Command>>(any_command()), 0);
}

RC_GTEST_PROP(TableTwin, AgreesWhenOneEntryFits, ()) {
  play(*rc::gen::container<std::vector<Command>>(any_command()), 300);
}

RC_GTEST_PROP(TableTwin, AgreesWhenEverythingFits, ()) {
  play(*rc::gen::container<std::vector<Command>>(any_command()), 1 << 20);
}

// Thousands of keys make the slots collide, grow and close up again.
TEST(TableTwin, AgreesOnALongWalkOverManyKeys) {
  constexpr std::uint64_t kSeed = 20260105;
  std::mt19937_64 random(kSeed);
  for (const std::int64_t budget : {0LL, 100'000LL}) {
    Play play(budget);
    for (int step = 0; step < 100'000; ++step) {
      const std::string key = std::to_string(random() % 3000);
      switch (random() % 1000) {
        case 0: play.end_epoch(); break;
        case 1: play.write_oldest_epoch(); break;
        case 2: play.roll_back(); break;
        case 3:
        case 4:
        case 5: play.trim(); break;
        default: break;
      }
      const auto choice = random() % 10;
      if (choice < 5) play.edit(key, std::to_string(step));
      if (choice >= 5 && choice < 9) play.peek(key);
      if (choice == 9) play.erase(key);
    }
    play.settle();
  }
}

}  // namespace
}  // namespace driftcast
