// Reading JSON Lines: plain, packed or piped, every line becomes one record of the partition of its user.
#include "pipeline/file_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>
#include <set>

#include "core/hash.h"
#include "pipeline/timestamps.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kClose = R"({"type":"advance","close":true})";

struct Line {
  Offset offset = 0;
  std::string key, value;
  std::optional<EventTime> timestamp;
  bool operator==(const Line&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Line& line) {
    return out << line.offset << " " << line.key << " " << line.value.substr(0, 200);
  }
};
using Lines = std::vector<Line>;

class FileSourceTest : public testing::Test {
 protected:
  FileSourceTest() {
    options_.source.path = dir_.path("events.jsonl");
    options_.source.partitions = 1;
    options_.source.close = false;
  }

  void write(std::string_view bytes) { std::ofstream(options_.source.path, std::ios::binary) << bytes; }
  void write_packed(std::string_view bytes, const char* mode = "wb") {
    gzFile file = gzopen(options_.source.path.c_str(), mode);
    ASSERT_EQ(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())), static_cast<int>(bytes.size()));
    ASSERT_EQ(gzclose(file), Z_OK);
  }
  std::unique_ptr<FileSource> open() {
    auto source = FileSource::open(options_);
    EXPECT_TRUE(source) << source.error().message;
    return std::move(*source);
  }

  // Polls all partitions in turn until each has come to its end.
  static Result<std::vector<Lines>> drain(FileSource& source, int partitions, std::size_t slice = 100) {
    std::vector<Lines> all(static_cast<std::size_t>(partitions));
    for (bool more = true; more;) {
      more = false;
      for (int p = 0; p < partitions; ++p) {
        Slice polled;
        DRIFTCAST_TRY(source.poll(p, slice, polled));
        for (const Record& r : polled.records) {
          all[static_cast<std::size_t>(p)].push_back(
              {r.offset, std::string(r.key), std::string(*r.value), r.timestamp});
        }
        EXPECT_LE(polled.records.size(), slice);
        more = more || !source.exhausted(p);
      }
    }
    return all;
  }
  std::vector<Lines> read(std::size_t slice = 100) {
    auto source = open();
    auto all = drain(*source, options_.source.partitions, slice);
    EXPECT_TRUE(all) << all.error().message;
    return *all;
  }
  Lines only_partition() { return read().front(); }
  std::vector<std::string> values() {
    std::vector<std::string> values;
    for (const Line& line : only_partition()) values.push_back(line.value);
    return values;
  }

  ScratchDir dir_;
  PipelineOptions options_;
};

std::string event(const std::string& user, const std::string& more = "") {
  return "{\"user_id\":\"" + user + "\"" + more + "}";
}

TEST_F(FileSourceTest, GivesEveryLineItsOffsetAndItsUserAsKey) {
  write(event("ann") + "\n" + event("bob", ",\"x\":1") + "\n");
  EXPECT_THAT(only_partition(),
              ElementsAre(Line{0, "ann", event("ann"), {}}, Line{1, "bob", event("bob", ",\"x\":1"), {}}));
}

TEST_F(FileSourceTest, NeedsNoLineFeedAfterTheLastLine) {
  write(event("ann") + "\n" + event("bob"));
  EXPECT_THAT(values(), ElementsAre(event("ann"), event("bob")));
}

TEST_F(FileSourceTest, TakesCarriageReturnsForPartOfTheLineFeed) {
  write(event("ann") + "\r\n" + event("bob") + "\r\n");
  EXPECT_THAT(values(), ElementsAre(event("ann"), event("bob")));
}

TEST_F(FileSourceTest, FindsTheUserBehindAByteOrderMark) {
  write("\xEF\xBB\xBF" + event("ann") + "\n");
  EXPECT_THAT(only_partition(), ElementsAre(Line{0, "ann", "\xEF\xBB\xBF" + event("ann"), {}}));
}

TEST_F(FileSourceTest, HandsOutAnEmptyLineAsARecordToBeRefused) {
  write(event("ann") + "\n\n" + event("bob") + "\n");
  EXPECT_THAT(values(), ElementsAre(event("ann"), "", event("bob")));
}

TEST_F(FileSourceTest, EndsAtOnceWhenTheFileIsEmpty) {
  write("");
  EXPECT_THAT(values(), IsEmpty());
}

TEST_F(FileSourceTest, ClosesEveryPartitionAtTheEndUnlessToldNotTo) {
  options_.source.partitions = 3;
  options_.source.close = true;
  write(event("ann") + "\n");
  const auto all = read();
  const auto home = static_cast<std::size_t>(partition_of("ann", 3));
  for (std::size_t p = 0; p < 3; ++p) {
    EXPECT_EQ(all[p].back(), (Line{close_offset(p == home ? 1 : 0), "", kClose, {}})) << p;
    EXPECT_EQ(all[p].size(), p == home ? 2U : 1U) << p;
  }
}

// Partitions of keys whose murmur2 stands in the tests of Kafka's Java client.
TEST_F(FileSourceTest, SpreadsUsersAsKafkasDefaultPartitionerDoes) {
  options_.source.partitions = 4;
  write(event("21") + "\n" + event("foobar") + "\n" + event("abc") + "\n" + event("a-little-bit-long-string") + "\n" +
        event("a-little-bit-longer-string") + "\n" + event("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8") + "\n");
  const auto all = read();
  const auto users = [&](std::size_t p) {
    std::vector<std::string> keys;
    for (const Line& line : all[p]) keys.push_back(line.key);
    return keys;
  };
  EXPECT_THAT(users(0), ElementsAre("21", "a-little-bit-long-string"));
  EXPECT_THAT(users(1), ElementsAre("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"));
  EXPECT_THAT(users(2), ElementsAre("foobar"));
  EXPECT_THAT(users(3), ElementsAre("abc", "a-little-bit-longer-string"));
}

TEST_F(FileSourceTest, FollowsTheMappingToTheUser) {
  options_.mapping.user_id = "/data/who/1/a~1b";
  const std::string line = R"({"data":{"who":[{},{"a/b":"ann"}]}})";
  write(line + "\n");
  EXPECT_THAT(only_partition(), ElementsAre(Line{0, "ann", line, {}}));
}

TEST_F(FileSourceTest, ReadsTheUserAsDecodeDoesHoweverItIsWritten) {
  write(R"({"user_id":"\u0061nn"})"
        "\n"
        R"({"\u0075ser_id":"ann"})"
        "\n");
  const auto lines = only_partition();
  EXPECT_EQ(lines[0].key, "ann");
  EXPECT_EQ(lines[1].key, "ann");
}

TEST_F(FileSourceTest, SendsALineWithoutAReadableUserToThePartitionOfItsBytes) {
  options_.source.partitions = 7;
  const std::vector<std::string> rubbish = {"x",
                                            "{\"user_id\":7}",
                                            "{\"user_id\":null}",
                                            "[]",
                                            "42",
                                            "caf\xE9",
                                            "{\"user_id\":\"",
                                            R"({"user_id":7,"type":"advance","close":true})",
                                            "{\"type\":\"retreat\"}",
                                            R"({"type":"advance","close":true)",
                                            R"({"type":"advance"})",
                                            R"({"type":"advance","timestamp":"soon"})",
                                            R"({"type":"advance"} x)",
                                            R"(["type","advance"])"};
  std::string text;
  for (const std::string& line : rubbish) text += line + "\n";
  write(text);
  const auto all = read();
  std::size_t count = 0;
  for (const std::string& line : rubbish) {
    const auto& home = all[static_cast<std::size_t>(partition_of(line, 7))];
    EXPECT_TRUE(std::any_of(home.begin(), home.end(), [&](const Line& l) { return l.value == line && l.key.empty(); }))
        << line;
  }
  for (const Lines& lines : all) count += lines.size();
  EXPECT_EQ(count, rubbish.size());
}

TEST_F(FileSourceTest, SendsAnAdvanceRecordToEveryPartition) {
  options_.source.partitions = 3;
  const std::string advance = R"({"type":"advance","timestamp":"2024-01-15T12:00:00Z"})";
  write(advance + "\n" + R"({"user_id":null,"type":"advance","close":true})" + "\n");
  for (const Lines& lines : read()) {
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], (Line{0, "", advance, {}}));
    EXPECT_EQ(lines[1].offset, 1);
  }
}

TEST_F(FileSourceTest, TakesAUserWhoseEventIsCalledAdvanceForAUser) {
  options_.source.partitions = 3;
  write(event("ann", R"(,"type":"advance","close":true)") + "\n");
  std::size_t count = 0;
  for (const Lines& lines : read()) count += lines.size();
  EXPECT_EQ(count, 1U);
}

TEST_F(FileSourceTest, MapsTheRecordsOwnTimestamp) {
  options_.mapping.record_timestamp = "/meta/at";
  write(event("a", R"(,"meta":{"at":1705320000000})") + "\n" +
        event("b", R"(,"meta":{"at":"2024-01-15T13:00:00+01:00"})") + "\n" + event("c", R"(,"meta":{"at":"soon"})") +
        "\n" + event("d", R"(,"meta":{"at":9223372036854775807})") + "\n" +
        event("e", R"(,"meta":{"at":-9223372036854775808})") + "\n" + event("f", R"(,"meta":{"at":1.5})") + "\n" +
        event("g") + "\n");
  const auto noon = parse_rfc3339("2024-01-15T12:00:00Z");
  std::vector<std::optional<EventTime>> timestamps;
  for (const Line& line : only_partition()) timestamps.push_back(line.timestamp);
  EXPECT_THAT(timestamps,
              ElementsAre(noon, noon, std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt));
}

// --- packed and piped ---

// Some megabytes: many chunks, lines across their borders.
std::string many_lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += event("u" + std::to_string(i % 97), ",\"n\":" + std::to_string(i) + ",\"pad\":\"" +
                                                    std::string(static_cast<std::size_t>(i % 300), 'x') + "\"");
    text += '\n';
  }
  return text;
}

TEST_F(FileSourceTest, ReadsTheSamePackedAndPlainInSlicesOfAnySize) {
  options_.source.partitions = 3;
  const std::string text = many_lines(20'000);
  write(text);
  const auto plain = read(1000);
  std::size_t count = 0;
  for (const Lines& lines : plain) {
    for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i].offset, static_cast<Offset>(i));
    count += lines.size();
  }
  EXPECT_EQ(count, 20'000U);
  EXPECT_EQ(read(7), plain);
  write_packed(text);
  EXPECT_EQ(read(1000), plain);
}

TEST_F(FileSourceTest, ReadsPackedPartsPutBehindEachOther) {
  write_packed(event("ann") + "\n");
  write_packed(event("bob") + "\n", "ab");
  EXPECT_THAT(values(), ElementsAre(event("ann"), event("bob")));
}

TEST_F(FileSourceTest, RefusesPackedDataThatIsCutShort) {
  write_packed(many_lines(5000));
  std::filesystem::resize_file(options_.source.path, std::filesystem::file_size(options_.source.path) / 2);
  const auto source = open();
  const auto all = drain(*source, 1);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code, ErrorCode::kData);
  EXPECT_EQ(all.error().message, "cannot read '" + options_.source.path + "': the gzip data is cut short");
}

TEST_F(FileSourceTest, RefusesPackedDataThatIsDamaged) {
  write_packed(many_lines(5000));
  std::fstream(options_.source.path, std::ios::in | std::ios::out | std::ios::binary).seekp(2000) << "damage";
  const auto source = open();
  const auto all = drain(*source, 1);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code, ErrorCode::kData);
}

TEST_F(FileSourceTest, ReadsStandardInput) {
  options_.source.path = "-";
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string text = event("ann") + "\n" + event("bob");
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  const int saved = ::dup(STDIN_FILENO);
  ::dup2(ends[0], STDIN_FILENO);
  ::close(ends[0]);
  EXPECT_THAT(values(), ElementsAre(event("ann"), event("bob")));
  ::dup2(saved, STDIN_FILENO);
  ::close(saved);
}

TEST_F(FileSourceTest, SaysWhyItCannotOpen) {
  const auto missing = FileSource::open(options_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNoInput);
  EXPECT_EQ(missing.error().message, "cannot open '" + options_.source.path + "': No such file or directory");
  options_.source.path = dir_.path();
  const auto directory = FileSource::open(options_);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ErrorCode::kNoInput);
  EXPECT_THAT(directory.error().message, HasSubstr("it is a directory"));
}

// --- long lines ---

// In one chunk and over many, and without a line feed at the end.
TEST_F(FileSourceTest, SaysHowManyBytesOfALineAreMissing) {
  const std::string rubbish((2 << 20) + 5, 'x');
  const std::string more_rubbish(7'000'000, 'y');
  write(event("bob") + "\n" + rubbish + "\n" + more_rubbish + "\n" + event("eve") + "\n" + more_rubbish);
  auto source = open();
  std::vector<std::size_t> cut;
  while (!source->exhausted(0)) {
    Slice slice;
    ASSERT_TRUE(source->poll(0, 1, slice));
    for (const Record& record : slice.records) cut.push_back(record.cut);
  }
  EXPECT_THAT(cut, ElementsAre(0, 5, 7'000'000 - (2 << 20), 0, 7'000'000 - (2 << 20)));
}

TEST_F(FileSourceTest, KeepsTheFirstTwoMegabytesOfALongerLine) {
  const std::string long_line = event("ann", ",\"pad\":\"" + std::string(5'000'000, 'x') + "\"");
  write(event("bob") + "\n" + long_line + "\n" + event("eve") + "\n" + long_line);
  const auto lines = only_partition();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0].value, event("bob"));
  EXPECT_EQ(lines[1].value, long_line.substr(0, 2 << 20));
  EXPECT_EQ(lines[2].value, event("eve"));
  EXPECT_EQ(lines[3].value, long_line.substr(0, 2 << 20));
}

TEST_F(FileSourceTest, KeepsLongerLinesWholeWhenRecordsMayBeLonger) {
  options_.limits.record_bytes = 8 << 20;
  const std::string long_line = event("ann", ",\"pad\":\"" + std::string(5'000'000, 'x') + "\"");
  write(long_line + "\n" + event("eve") + "\n");
  const auto lines = only_partition();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].key, "ann");
  EXPECT_EQ(lines[0].value, long_line);
}

// --- going on ---

TEST_F(FileSourceTest, SkipsWhatComesBeforeASeek) {
  options_.source.partitions = 2;
  options_.source.close = true;
  write(many_lines(1000));
  const auto all = read();
  auto source = open();
  source->seek(0, 100);
  source->seek(1, all[1].back().offset + 1);  // even the close has been read
  const auto rest = drain(*source, 2);
  ASSERT_TRUE(rest);
  EXPECT_EQ((*rest)[0], Lines(all[0].begin() + 100, all[0].end()));
  EXPECT_THAT((*rest)[1], IsEmpty());
}

TEST_F(FileSourceTest, MissesWhatEarlierOutputsCameFromBeforeItClosesAnything) {
  options_.source.partitions = 2;
  options_.source.close = true;
  write(many_lines(1000));
  const auto all = read();
  const auto records = static_cast<Offset>(all[1].size()) - 1;
  for (const Position& enough : {Position{records, 0}, Position{records - 1, 7}, Position{close_offset(records), 3},
                                 Position{close_offset(records) + 1, 0}}) {
    auto source = open();
    source->expect(1, enough);
    EXPECT_TRUE(drain(*source, 2)) << enough.next_offset;
  }
  for (const Position& more :
       {Position{records + 1, 0}, Position{records, 7}, Position{close_offset(records + 1), 3}}) {
    auto source = open();
    source->expect(1, more);
    const auto missed = drain(*source, 2);
    ASSERT_FALSE(missed) << more.next_offset;
    EXPECT_THAT(missed.error().message, HasSubstr("before the outputs do"));
  }
}

TEST_F(FileSourceTest, DoesNotGoOnAfterAnEndThatWasClosed) {
  write(many_lines(10));
  for (const Position& closed : {Position{close_offset(9), 3}, Position{close_offset(9) + 1, 0}}) {
    auto source = open();
    source->expect(0, closed);
    const auto grown = drain(*source, 1);
    ASSERT_FALSE(grown);
    EXPECT_THAT(grown.error().message, HasSubstr("has grown"));
  }
}

TEST_F(FileSourceTest, SkipsAlsoWhatItHasReadAheadAlready) {
  write(event("ann") + "\n" + event("bob") + "\n" + event("eve") + "\n");
  auto source = open();
  Slice first;
  ASSERT_TRUE(source->poll(0, 1, first));
  source->seek(0, 2);
  const auto rest = drain(*source, 1);
  ASSERT_TRUE(rest);
  EXPECT_THAT((*rest)[0], ElementsAre(Line{2, "eve", event("eve"), {}}));
}

// A lane that is not polled must not make the source read the whole file into memory: neither by many short lines nor by
// long ones.
TEST_F(FileSourceTest, ReadsAheadOnlySoFarForAPartitionThatGetsNothing) {
  options_.source.partitions = 2;
  const std::string user = partition_of("ann", 2) == 0 ? "ann" : "bob";
  const int other = 1 - partition_of(user, 2);
  for (const auto& [lines, padding] : {std::pair(1'500'000, 0), std::pair(3'000, 50'000)}) {
    {
      const std::string line =
          event(user, ",\"title\":\"" + std::string(static_cast<std::size_t>(padding), 'x') + "\"");
      std::ofstream out(options_.source.path, std::ios::binary);
      for (int i = 0; i < lines; ++i) out << line << "\n";
    }
    auto source = open();
    for (int i = 0; i < 1'000; ++i) {
      Slice slice;
      ASSERT_TRUE(source->poll(other, 100, slice));
      EXPECT_TRUE(slice.records.empty());
    }
    EXPECT_FALSE(source->exhausted(other)) << lines;
    EXPECT_LT(source->progress(), 0.6) << lines;
    const auto all = drain(*source, 2, 10'000);
    ASSERT_TRUE(all);
    EXPECT_EQ((*all)[static_cast<std::size_t>(1 - other)].size(), static_cast<std::size_t>(lines));
    EXPECT_EQ(source->progress(), 1.0);
  }
}

TEST_F(FileSourceTest, KeepsRecordsAliveAsLongAsTheirSlice) {
  write(many_lines(10'000));
  Slice slice;
  {
    auto source = open();
    while (slice.records.size() < 10'000) ASSERT_TRUE(source->poll(0, 10'000, slice));
  }
  std::string text;
  std::set<std::string_view> users;
  for (const Record& record : slice.records) {
    text.append(*record.value).append("\n");
    users.insert(record.key);
  }
  EXPECT_EQ(text, many_lines(10'000));
  EXPECT_EQ(users.size(), 97U);
}

}  // namespace
}  // namespace driftcast
