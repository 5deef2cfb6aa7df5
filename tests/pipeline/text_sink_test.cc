#include "pipeline/text_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "pipeline/lines.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

std::string bytes_of(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

void write(const std::string& path, const std::vector<std::string>& pieces) {
  auto sink = TextSink::open(path);
  ASSERT_TRUE(sink) << sink.error().message;
  for (const std::string& piece : pieces) {
    const auto written = (*sink)->write(piece);
    ASSERT_TRUE(written) << written.error().message;
    EXPECT_TRUE(*written);
  }
  EXPECT_TRUE((*sink)->close());
}

TEST(TextSink, WritesWhatItIsGivenInPlaceOfWhatWasThere) {
  const ScratchDir dir;
  write(dir.path("text"), {"something longer than the next"});
  write(dir.path("text"), {"one\n", "", "two\n"});
  EXPECT_EQ(bytes_of(dir.path("text")), "one\ntwo\n");
}

TEST(TextSink, CompressesByNameAndAlwaysToTheSameBytes) {
  const ScratchDir dir;
  const std::string text(100'000, 'a');
  write(dir.path("a.gz"), {text, "\nb\n", ""});
  write(dir.path("b.gz"), {text + "\nb\n"});
  EXPECT_LT(std::filesystem::file_size(dir.path("a.gz")), 10'000U);
  EXPECT_EQ(bytes_of(dir.path("a.gz")), bytes_of(dir.path("b.gz")));
  std::vector<std::string> lines;
  const auto read = read_lines(dir.path("a.gz"), [&](std::string_view line) {
    lines.emplace_back(line);
    return std::string();
  });
  EXPECT_TRUE(read);
  EXPECT_EQ(lines, (std::vector<std::string>{text, "b"}));
}

TEST(TextSink, CannotBeOpenedWhereThereIsNoDirectory) {
  const auto sink = TextSink::open("/nowhere/at/all");
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code, ErrorCode::kCannotCreate);
  EXPECT_EQ(sink.error().message, "cannot create '/nowhere/at/all': No such file or directory");
}

TEST(TextSink, SaysThatTheDiskIsFull) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  auto sink = TextSink::open("/dev/full");
  ASSERT_TRUE(sink);
  const auto written = (*sink)->write("text");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace driftcast
