// Kill points: a test build dies where it is told to, and nowhere else.
#include "pipeline/kill_point.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <set>
#include <vector>

namespace driftcast {
namespace {

TEST(KillPoint, HasANameForEveryPlace) {
  const std::set<std::string_view> names(kKillPointNames.begin(), kKillPointNames.end());
  EXPECT_EQ(names.size(), static_cast<std::size_t>(KillPoint::kAfterStores) + 1);
  EXPECT_EQ(kKillPointNames[static_cast<std::size_t>(KillPoint::kAfterCommit)], "after_commit");
}

#ifdef DRIFTCAST_KILL_POINTS

TEST(KillPoint, TellsAHookInsteadOfTheEnvironment) {
  std::vector<KillPoint> passed;
  set_kill_hook([&](KillPoint point) { passed.push_back(point); });
  kill_point(KillPoint::kBeforeOutputs);
  kill_point(KillPoint::kAfterStores);
  set_kill_hook({});
  kill_point(KillPoint::kAfterCommit);  // not armed: nothing happens
  EXPECT_EQ(passed, (std::vector{KillPoint::kBeforeOutputs, KillPoint::kAfterStores}));
}

class KillPointDeathTest : public testing::Test {
 protected:
  KillPointDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  // Passes a point five times, another in between, and says how far it came.
  static void pass(const char* armed) {
    ::setenv("DRIFTCAST_KILL_AT", armed, 1);
    for (int i = 1; i <= 5; ++i) {
      kill_point(KillPoint::kBeforeCommit);
      kill_point(KillPoint::kAfterCommit);
      std::cerr << "pass " << i << std::endl;
    }
    std::_Exit(0);
  }
};

TEST_F(KillPointDeathTest, KillsTheProcessAtTheNthPass) {
  EXPECT_EXIT(pass("after_commit:3"), testing::KilledBySignal(SIGKILL), "pass 2\n$");
}

TEST_F(KillPointDeathTest, KillsAtTheFirstPassWhenNoNumberIsGiven) {
  EXPECT_EXIT(pass("before_commit"), testing::KilledBySignal(SIGKILL), "^[^p]*$");
}

TEST_F(KillPointDeathTest, LetsLiveWhoNeverPassesThePoint) {
  EXPECT_EXIT(pass("between_stores:1"), testing::ExitedWithCode(0), "pass 5\n$");
}

TEST_F(KillPointDeathTest, LetsLiveWhoPassesTooSeldom) {
  EXPECT_EXIT(pass("after_commit:6"), testing::ExitedWithCode(0), "pass 5\n$");
}

#endif

}  // namespace
}  // namespace driftcast
