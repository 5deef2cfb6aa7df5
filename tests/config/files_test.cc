#include "config/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
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

TEST(Files, ReadsAFileUpToItsCap) {
  const ScratchDir dir;
  ASSERT_TRUE(replace_file(dir.path("file"), "12345"));
  EXPECT_EQ(read_capped(dir.path("file"), 5).value(), "12345");
  const auto larger = read_capped(dir.path("file"), 4);
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().code, ErrorCode::kData);
  EXPECT_EQ(larger.error().message,
            "cannot read '" + dir.path("file") + "': it is larger than the 4 bytes that are allowed");
}

TEST(Files, SaysThatACappedFileIsNotThere) {
  const ScratchDir dir;
  ASSERT_TRUE(replace_file(dir.path("file"), ""));
  for (const std::string name : {"nothing", "file/below"}) {
    const auto absent = read_capped(dir.path(name), 5);
    ASSERT_FALSE(absent) << name;
    EXPECT_EQ(absent.error().code, ErrorCode::kNoInput) << name;
  }
}

TEST(Files, ReadsCappedNothingButRegularFilesAndWaitsForNone) {
  const ScratchDir dir;
  ASSERT_EQ(::mkfifo(dir.path("pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/zero", dir.path("endless"));
  std::filesystem::create_symlink(dir.path("pipe"), dir.path("link"));
  for (const std::string& path : {dir.path("pipe"), dir.path("endless"), dir.path("link"), dir.path()}) {
    const auto read = read_capped(path, 1000);
    ASSERT_FALSE(read) << path;
    EXPECT_EQ(read.error().code, ErrorCode::kData);
    EXPECT_EQ(read.error().message, "cannot read '" + path + "': it is not a regular file");
  }
}

TEST(Files, FollowsALinkToAFile) {
  const ScratchDir dir;
  ASSERT_TRUE(replace_file(dir.path("file"), "content"));
  std::filesystem::create_symlink("file", dir.path("link"));
  EXPECT_EQ(read_capped(dir.path("link"), 100).value(), "content");
}

TEST(Files, SyncsADirectoryAndNothingElse) {
  const ScratchDir dir;
  EXPECT_TRUE(sync_directory(dir.path()));
  EXPECT_FALSE(sync_directory(dir.path("nothing")));
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
