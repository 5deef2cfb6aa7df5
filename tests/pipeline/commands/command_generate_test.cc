// The command itself, as a shell would run it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "pipeline/lines.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::HasSubstr;

std::string bytes_of(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

class GenerateCommand : public testing::Test {
 protected:
  // Exit code of a shell command, in which "generate" is the command under test.
  int shell(std::string command) {
    const std::string binary = std::string(DRIFTCAST_BINARY) + " generate";
    if (const std::size_t place = command.find("generate"); place != std::string::npos)
      command.replace(place, 8, binary);
    const int status =
        std::system(("cd '" + dir_.path() + "' && bash -o pipefail -c '" + command + "' 2> talk").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string talk() const { return bytes_of(dir_.path("talk")); }
  std::int64_t lines(const std::string& name) const {
    std::int64_t count = 0;
    const auto read = read_lines(dir_.path(name), [&](std::string_view) {
      ++count;
      return std::string();
    });
    EXPECT_TRUE(read);
    return count;
  }

  ScratchDir dir_;
};

TEST_F(GenerateCommand, WritesToStandardOutputAndTalksOnStandardError) {
  EXPECT_EQ(shell("generate --events 500 --users 20 --seed 3 --broken 0 > events"), 0);
  EXPECT_EQ(lines("events"), 500);
  EXPECT_THAT(talk(), HasSubstr("seed 3: 500 records of up to 20 users, 60 days from 2024-01-01"));
}

TEST_F(GenerateCommand, WritesTheSameToAFileAndCompressed) {
  EXPECT_EQ(shell("generate --events 3000 --users 20 --out plain --labels labels"), 0);
  EXPECT_EQ(shell("generate --events 3000 --users 20 --out events.gz --labels labels.gz"), 0);
  EXPECT_EQ(shell("gunzip -c events.gz | cmp - plain && gunzip -c labels.gz | cmp - labels"), 0);
  EXPECT_EQ(talk(), "");
  EXPECT_GT(lines("labels"), 5);
}

TEST_F(GenerateCommand, EndsQuietlyWhenItsReaderHasSeenEnough) {
  EXPECT_EQ(shell("generate --events 300000 --users 100 | head -n 2 > some"), 0);
  EXPECT_EQ(lines("some"), 2);
  EXPECT_THAT(talk(), testing::Not(HasSubstr("Broken pipe")));
}

TEST_F(GenerateCommand, SaysWhatIsAllowedWhenAValueIsWrong) {
  EXPECT_EQ(shell("generate --users 0 --start 2024-13-01"), 64);
  EXPECT_EQ(talk(), "driftcast: --start: '2024-13-01' is not a date such as 2024-01-01\n");
  EXPECT_EQ(shell("generate --users 0 --speed 1"), 64);
  EXPECT_EQ(talk(), "driftcast: --users: '0' is out of range: allowed are 1 to 50000000\n");
  EXPECT_EQ(shell("generate --speed -1"), 64);
  EXPECT_EQ(shell("generate --events many"), 64);
}

TEST_F(GenerateCommand, NamesAFileItCannotWrite) {
  EXPECT_EQ(shell("generate --events 10 --out /nowhere/events"), 73);
  EXPECT_EQ(talk(), "driftcast: cannot create '/nowhere/events': No such file or directory\n");
  EXPECT_EQ(shell("generate --events 10 --labels /nowhere/labels"), 73);
}

TEST_F(GenerateCommand, PlaysEventsInTheTimeTheyTake) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(shell("generate --events 200 --users 5 --days 1 --speed 100000 --broken 0 > events"),
            0);                                                                         // a day in 0.86 s
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds{500});  // never faster than that
  EXPECT_EQ(lines("events"), 200);
}

TEST_F(GenerateCommand, StopsInTheMiddleOfAPauseWhenAsked) {
  EXPECT_EQ(shell("generate --events 200 --users 5 --speed 1 --labels labels > events & "
                  "while [ ! -s events ]; do sleep 0.02; done; kill -INT $!; wait $!"),
            0);
  EXPECT_THAT(talk(), HasSubstr("seed 1: "));  // it was not killed: it said what it had done
  EXPECT_LT(lines("events"), 200);
}

}  // namespace
}  // namespace driftcast
