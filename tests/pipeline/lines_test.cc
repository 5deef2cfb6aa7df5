#include "pipeline/lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "pipeline/slice.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Lines : public testing::Test {
 protected:
  std::string file(const std::string& content) {
    std::ofstream(dir_.path("text"), std::ios::binary) << content;
    return dir_.path("text");
  }
  std::string gzip_file(const std::string& content) {
    const gzFile file = gzopen(dir_.path("text.gz").c_str(), "wb");
    EXPECT_EQ(gzwrite(file, content.data(), static_cast<unsigned>(content.size())), static_cast<int>(content.size()));
    EXPECT_EQ(gzclose(file), Z_OK);
    return dir_.path("text.gz");
  }
  std::vector<std::string> read(const std::string& path) {
    std::vector<std::string> lines;
    const auto done = read_lines(path, [&](std::string_view line) {
      lines.emplace_back(line);
      return std::string();
    });
    EXPECT_TRUE(done) << done.error().message;
    return lines;
  }
  Error failure(const std::string& path, const std::string& complaint_about = "") {
    const auto done = read_lines(
        path, [&](std::string_view line) { return line == complaint_about ? std::string("odd") : std::string(); });
    EXPECT_FALSE(done);
    return done ? Error{} : done.error();
  }

  ScratchDir dir_;
};

TEST_F(Lines, ComeInOrderWithoutLineFeedsAndWithoutEmptyOnes) {
  EXPECT_THAT(read(file("one\n\ntwo\nthree\n")), ElementsAre("one", "two", "three"));
  EXPECT_THAT(read(file("")), ElementsAre());
}

TEST_F(Lines, NeedNoLineFeedAtTheEnd) { EXPECT_THAT(read(file("one\ntwo")), ElementsAre("one", "two")); }

TEST_F(Lines, ComeFromAGzipFileAlike) { EXPECT_THAT(read(gzip_file("one\ntwo\n")), ElementsAre("one", "two")); }

TEST_F(Lines, MayBeLongerThanWhatIsReadAtOnceAndLieAcrossItsEnds) {
  std::vector<std::string> lines;
  std::string text;
  for (std::size_t i = 0; i < 2000; ++i) {
    lines.emplace_back(1 + i * 7919 % 1000, static_cast<char>('a' + i % 26));
    text += lines.back() + "\n";
  }
  lines.emplace_back(3 << 20, 'x');
  text += lines.back();
  EXPECT_EQ(read(file(text)), lines);
}

TEST_F(Lines, HaveReadableBytesBehindThem) {
  int sum = 0;
  const auto done = read_lines(file("one"), [&](std::string_view line) {
    for (std::size_t i = 0; i < kPadding; ++i) sum += *(line.data() + line.size() + i) == '\n' ? 1 : 0;
    return std::string();
  });
  EXPECT_TRUE(done);
  EXPECT_EQ(sum, 1);
}

TEST_F(Lines, EndAtTheFirstComplaintWhichNamesTheirPlace) {
  const Error error = failure(file("fine\n\nbad\nfine\n"), "bad");
  EXPECT_EQ(error.code, ErrorCode::kData);
  EXPECT_EQ(error.message, dir_.path("text") + ":3: odd");
}

TEST_F(Lines, AreMissedWhenThereIsNoFile) {
  const Error error = failure(dir_.path("nothing"));
  EXPECT_EQ(error.code, ErrorCode::kNoInput);
  EXPECT_THAT(error.message, HasSubstr("No such file"));
}

TEST_F(Lines, AreNotTrustedWhenAGzipFileIsCutShort) {
  std::string noise;
  for (int i = 0; i < 50'000; ++i) noise += std::to_string(i * 7919 % 104'729) + "\n";
  const std::string path = gzip_file(noise);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(failure(path).message, HasSubstr("cut short"));
}

}  // namespace
}  // namespace driftcast
