#include "pipeline/input_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>
#include <random>

#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::HasSubstr;

std::string gzip_of(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// Half a megabyte that does not compress well: longer than any buffer on the way.
std::string long_text() {
  std::mt19937 random(1);
  std::string text;
  while (text.size() < 500'000) text += std::to_string(random()) + "\n";
  return text;
}

class InputFileTest : public testing::Test {
 protected:
  std::string file_of(const std::string& bytes) {
    std::string path = directory_.path() + "/input";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  // All of a file, in pieces of at most `piece` bytes.
  static Result<std::string> read_all(const std::string& path, std::size_t piece) {
    auto file = InputFile::open(path);
    if (!file) return file.error();
    std::string text;
    std::string buffer(piece, '\0');
    while (true) {
      auto read = (*file)->read(buffer.data(), piece);
      if (!read) return read.error();
      if (!*read) continue;
      if (**read == 0) return text;
      text.append(buffer, 0, **read);
    }
  }

  ScratchDir directory_;
};

TEST_F(InputFileTest, GivesAPlainFileAsItIs) {
  for (const std::string& text : {std::string(), std::string("x"), std::string("two\nlines\n"), long_text()}) {
    for (const std::size_t piece : {1UL, 7UL, 1UL << 20}) {
      const auto read = read_all(file_of(text), piece);
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_EQ(*read, text);
    }
  }
}

TEST_F(InputFileTest, GivesWhatAGzipFileHolds) {
  for (const std::string& text : {std::string(), std::string("x"), long_text()}) {
    const auto read = read_all(file_of(gzip_of(text)), 1000);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, text);
  }
}

TEST_F(InputFileTest, GivesGzipFilesThatWerePutOneBehindTheOther) {
  const auto read = read_all(file_of(gzip_of("one ") + gzip_of("") + gzip_of("two")), 5);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, "one two");
}

TEST_F(InputFileTest, PassesOverWhatFollowsTheGzipData) {
  const auto read = read_all(file_of(gzip_of("one") + std::string(100, '\0')), 5);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, "one");
}

TEST_F(InputFileTest, SaysThatGzipDataIsCutShort) {
  const std::string packed = gzip_of(long_text());
  for (const std::size_t size : {3UL, 10UL, packed.size() / 2, packed.size() - 1}) {
    const auto read = read_all(file_of(packed.substr(0, size)), 1000);
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, ErrorCode::kData);
    EXPECT_THAT(read.error().message, HasSubstr("the gzip data is cut short"));
  }
}

TEST_F(InputFileTest, SaysThatGzipDataIsDamaged) {
  std::string packed = gzip_of(long_text());
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
  const auto read = read_all(file_of(packed), 1000);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kData);
}

TEST_F(InputFileTest, ADirectoryAndAMissingFileAreRefused) {
  EXPECT_THAT(InputFile::open(directory_.path()).error().message, HasSubstr("it is a directory"));
  EXPECT_THAT(InputFile::open(directory_.path() + "/nothing").error().message, HasSubstr("No such file"));
}

TEST_F(InputFileTest, TellsHowFarItIs) {
  const auto file = InputFile::open(file_of(std::string(1000, 'x')));
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->size(), 1000);
  EXPECT_EQ((*file)->bytes_read(), 0);
  char one = 0;
  ASSERT_TRUE((*file)->read(&one, 1));
  EXPECT_EQ((*file)->bytes_read(), 1000);
}

// A pipe in the place of standard input.
class SilentPipe {
 public:
  SilentPipe() : before_(::dup(STDIN_FILENO)) {
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    input_ = ends[1];
  }
  ~SilentPipe() {
    close();
    ::dup2(before_, STDIN_FILENO);
    ::close(before_);
  }
  void write(std::string_view text) const {
    ASSERT_EQ(::write(input_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close() {
    if (input_ >= 0) ::close(input_);
    input_ = -1;
  }

 private:
  int before_, input_ = -1;
};

// Else an instance that reads from a pipe could neither commit what it has nor be stopped.
TEST_F(InputFileTest, APipeThatIsSilentHasNothingYet) {
  for (const bool gzip : {false, true}) {
    const std::string first = gzip ? gzip_of("first") : "first";
    SilentPipe pipe;
    const auto file = InputFile::open("-");
    ASSERT_TRUE(file);
    char text[100];
    EXPECT_EQ(*(*file)->read(text, sizeof text), std::nullopt);
    pipe.write(first.substr(0, 1));  // too little to know its form
    EXPECT_EQ(*(*file)->read(text, sizeof text), std::nullopt);
    pipe.write(first.substr(1));
    std::string said;
    while (said.size() < 5) {
      const auto read = (*file)->read(text, sizeof text);
      ASSERT_TRUE(read && *read && **read > 0);
      said.append(text, **read);
    }
    EXPECT_EQ(said, "first");
    EXPECT_EQ(*(*file)->read(text, sizeof text), std::nullopt);
    pipe.close();
    EXPECT_EQ(*(*file)->read(text, sizeof text), std::optional<std::size_t>(0));
    EXPECT_EQ((*file)->size(), 0);
  }
}

}  // namespace
}  // namespace driftcast
