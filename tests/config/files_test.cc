#include "config/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

TEST(Files, ReadsAnAbsentFileAsEmpty) {
  const ScratchDir dir;
  EXPECT_EQ(read_if_present(dir.path("nothing")).value(), "");
}

TEST(Files, ReadsBackWhatItReplaced) {
  const ScratchDir dir;
  const std::string large(300'000, 'x');
  ASSERT_TRUE(replace_file(dir.path("file"), "first"));
  ASSERT_TRUE(replace_file(dir.path("file"), large));
  EXPECT_EQ(read_if_present(dir.path("file")).value(), large);
  EXPECT_FALSE(std::filesystem::exists(dir.path("file.new")));
}

TEST(Files, LeavesTheOldFileWhenTheNewOneCannotBeWritten) {
  const ScratchDir dir;
  ASSERT_TRUE(replace_file(dir.path("file"), "old"));
  std::filesystem::create_directory(dir.path("file.new"));
  const auto replaced = replace_file(dir.path("file"), "new");
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, ErrorCode::kCannotCreate);
  EXPECT_EQ(replaced.error().message, "cannot create '" + dir.path("file.new") + "': Is a directory");
  EXPECT_EQ(read_if_present(dir.path("file")).value(), "old");
}

TEST(Files, SaysThatADirectoryIsNoFile) {
  const ScratchDir dir;
  const auto bytes = read_if_present(dir.path());
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, ErrorCode::kIo);
  EXPECT_EQ(bytes.error().message, "cannot read '" + dir.path() + "': Is a directory");
}

TEST(Files, SaysWhatCouldNotBeWritten) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  const auto written = write_all(full, "bytes", "/dev/full");
  ::close(full);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kIo);
  EXPECT_EQ(written.error().message, "cannot write '/dev/full': No space left on device");
}

TEST(Files, MakesADirectoryWithItsParentsAndFindsItThereAgain) {
  const ScratchDir dir;
  EXPECT_TRUE(make_directory(dir.path("a/b")));
  EXPECT_TRUE(make_directory(dir.path("a/b")));
  std::ofstream(dir.path("file")) << "in the way";
  const auto made = make_directory(dir.path("file"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kCannotCreate);
}

}  // namespace
}  // namespace driftcast
