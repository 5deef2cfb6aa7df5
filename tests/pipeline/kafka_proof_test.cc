// The proof: on a real broker, whatever is done to the instances of a group, a reader of committed records sees what an
// undisturbed run in files publishes on the same events, byte for byte and each record once; and the states are the same.
//
// Smoke/... runs with all tests, on few events; Long/... does the same at length, and only when asked for: ./dev test
// --long. A failure names its seed; DRIFTCAST_SEED=<n> in the environment runs that one.
#include "tests/pipeline/support/kafka_proof.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "pipeline/kill_point.h"

namespace driftcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kRecorded = std::string(DRIFTCAST_SHARED_DIR) + "/data/events/online_retail.jsonl.gz";

struct Scale {
  const char* name;
  bool recorded = false;                // real events, else generated ones
  int events = 0, users = 0, days = 0;  // of the latter
  seconds feed{};                       // how long the input takes to come
  int kills = 0;                        // at random times
};

void PrintTo(const Scale& scale, std::ostream* out) { *out << scale.name; }

constexpr Scale kSmoke{"Generated", false, 8'000, 200, 20, seconds{6}, 5};
constexpr Scale kLong[] = {{"Generated", false, 200'000, 3'000, 40, seconds{60}, 45},
                           {"Recorded", true, 0, 0, 0, seconds{60}, 45}};

std::uint64_t seed() {
  const char* const given = std::getenv("DRIFTCAST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
}

const Evidence& evidence_of(const Scale& scale) {
  static std::map<std::pair<bool, int>, Evidence> known;
  const std::pair key(scale.recorded, scale.events);
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  return known
      .emplace(key, scale.recorded ? Evidence::recorded(kRecorded)
                                   : Evidence::generated(scale.events, scale.users, scale.days, 7))
      .first->second;
}

class KafkaProof : public testing::TestWithParam<Scale> {
 protected:
  void SetUp() override {
    if (GetParam().recorded && !std::filesystem::exists(kRecorded)) GTEST_SKIP() << "no recorded events here";
    RecordProperty("seed", std::to_string(seed()));
  }
  void TearDown() override {
    if (HasFailure()) std::fprintf(stderr, "DRIFTCAST_SEED=%llu\n", static_cast<unsigned long long>(seed()));
  }

  const Evidence& evidence() const { return evidence_of(GetParam()); }
  void sleep(int least_ms, int most_ms) {
    std::this_thread::sleep_for(milliseconds{random_.between(least_ms, most_ms)});
  }
  milliseconds feed() const { return GetParam().feed; }

  // Kills, and starts again at once, as long as events come.
  void kill_again_and_again(Scene& scene, int least_ms, int most_ms) {
    while (scene.feeding()) {
      scene.start("one");
      sleep(least_ms, most_ms);
      scene.kill("one");
    }
  }
  void expect_the_truth(Scene& scene) { EXPECT_EQ(difference(evidence().in_files(), scene.settle()), ""); }

  Random random_{seed(), 77};
};

TEST_P(KafkaProof, OneUndisturbedInstance) {
  Scene scene(evidence());
  scene.feed(milliseconds{0});
  expect_the_truth(scene);
}

TEST_P(KafkaProof, OneOfTwoIsKilledInTheMiddleAndStartedAgain) {
  Scene scene(evidence());
  scene.feed(feed());
  for (const char* const name : {"one", "two"}) scene.start(name);
  std::this_thread::sleep_for(feed() / 2);
  scene.kill("two");
  sleep(0, 4000);  // at times another has taken over its partitions meanwhile
  scene.start("two");
  expect_the_truth(scene);
}

TEST_P(KafkaProof, AStateDirectoryIsLost) {
  Scene scene(evidence());
  scene.feed(feed());
  for (const bool gently : {true, false}) {
    scene.start("one");
    std::this_thread::sleep_for(feed() / 3);
    gently ? scene.stop("one") : scene.kill("one");
    scene.forget_state("one");
  }
  scene.start("one");
  expect_the_truth(scene);
}

TEST_P(KafkaProof, AnInstanceIsKilledAtRandomTimes) {
  Scene scene(evidence());
  scene.feed(feed());
  kill_again_and_again(scene, 300, 1800);
  EXPECT_GE(scene.killed(), GetParam().kills);
  expect_the_truth(scene);
}

#ifdef DRIFTCAST_KILL_POINTS
TEST_P(KafkaProof, AnInstanceIsKilledAtEveryNamedPoint) {
  Scene scene(evidence());
  scene.feed(feed());
  std::map<std::string, int> deaths;
  for (std::size_t life = 0; scene.feeding() || life < kKillPointNames.size(); ++life) {
    const std::string point(kKillPointNames[life % kKillPointNames.size()]);
    const bool first_time = life < kKillPointNames.size();
    const int before = scene.killed();
    scene.start("one", point + ":" + std::to_string(first_time ? 1 : random_.between(1, 4)), {"--until", "end"});
    scene.wait("one");
    deaths[point] += scene.killed() - before;
  }
  for (const auto& [point, count] : deaths) EXPECT_GE(count, 1) << point;
  expect_the_truth(scene);
}
#endif

TEST_P(KafkaProof, AZombieComesBackWhenAnotherHasItsPartitions) {
  Scene scene(evidence());
  scene.feed(feed());
  for (const char* const name : {"one", "two"}) scene.start(name);
  std::this_thread::sleep_for(feed() / 3);
  scene.send("one", SIGSTOP);
  sleep(3000, 4000);  // its session is over
  EXPECT_NE(scene.talk("two").find("4 of 4 partitions"), std::string::npos) << scene.talk("two");
  scene.send("one", SIGCONT);
  sleep(500, 1000);
  expect_the_truth(scene);
}

TEST_P(KafkaProof, AnInstanceIsToldToStopEveryMoment) {
  Scene scene(evidence());
  scene.feed(feed());
  int stops = 0;
  for (; scene.feeding(); ++stops) {
    scene.start("one");
    sleep(300, 1500);
    scene.stop("one");
  }
  EXPECT_GT(stops, GetParam().kills / 4);
  expect_the_truth(scene);
}

TEST_P(KafkaProof, ThreeInstancesComeAndGo) {
  Scene scene(evidence());
  scene.feed(feed());
  const char* const names[] = {"one", "two", "three"};
  while (scene.feeding()) {
    const std::string name = names[random_.below(3)];
    if (!scene.runs(name)) {
      scene.start(name);
    } else {
      random_.chance(0.5) ? scene.kill(name) : scene.stop(name);
    }
    sleep(100, 1200);
  }
  for (const char* const name : names) {
    if (!scene.runs(name)) scene.start(name);
  }
  sleep(1000, 2000);
  expect_the_truth(scene);
}

TEST_P(KafkaProof, WhateverTheChangelogsInterval) {
  for (const char* const interval : {"0", "300ms", "1h"}) {
    Scene scene(evidence(), {std::string("changelog.interval=") + interval});
    scene.feed(feed() / 2);
    kill_again_and_again(scene, 400, 1500);
    EXPECT_GT(scene.killed(), GetParam().kills / 5) << "changelog.interval=" << interval;
    EXPECT_EQ(difference(evidence().in_files(), scene.settle()), "") << "changelog.interval=" << interval;
  }
}

TEST_P(KafkaProof, EpochsOfOneRecord) {
  Scene scene(evidence(), {"source.slice=1", "epoch.interval=0", "epoch.bytes=1B"});
  scene.feed(feed());
  kill_again_and_again(scene, 400, 2000);
  EXPECT_GT(scene.killed(), GetParam().kills / 4);
  expect_the_truth(scene);
}

const auto name_of = [](const testing::TestParamInfo<Scale>& scale) { return std::string(scale.param.name); };
INSTANTIATE_TEST_SUITE_P(Smoke, KafkaProof, testing::Values(kSmoke), name_of);
INSTANTIATE_TEST_SUITE_P(Long, KafkaProof, testing::ValuesIn(kLong), name_of);

}  // namespace
}  // namespace driftcast
