// The program that moves the time of a topic: what it writes, how it stops, and that a run which ends can do the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <thread>

#include "pipeline/timestamps.h"
#include "tests/pipeline/support/child.h"
#include "tests/pipeline/support/kafka_broker.h"
#include "tests/pipeline/support/kafka_job.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kPartitions = 3;
constexpr const char* kClose = R"({"type":"advance","close":true})";
constexpr const char* kToNoon = R"({"type":"advance","timestamp":"2024-03-01T12:00:00Z"})";

using Arguments = std::vector<std::string>;

// A topic with nothing in it.
class KafkaTick : public testing::Test {
 protected:
  void SetUp() override {
    static int made = 0;
    topic_ = "tick" + std::to_string(++made);
    broker_.create_topic(topic_, kPartitions);
  }

  Arguments tick(const Arguments& how) const {
    Arguments arguments = {"tick", "--set", "kafka.brokers=" + broker_.brokers(), "--set", "topics.input=" + topic_};
    arguments.insert(arguments.end(), how.begin(), how.end());
    return arguments;
  }

  // "partition value" of each record; a key would be told.
  Arguments records() const {
    Arguments lines;
    for (const StoredRecord& record : broker_.read_all(topic_, Isolation::kReadCommitted)) {
      lines.push_back(std::to_string(record.partition) + " " + record.key.value_or("") + record.value.value_or("null"));
    }
    return lines;
  }

  KafkaBroker& broker_ = KafkaBroker::shared();
  std::string topic_;
};

std::string at(int partition, const std::string& value) { return std::to_string(partition) + " " + value; }

TEST_F(KafkaTick, ClosesEveryPartition) {
  const Ended ended = run_child(tick({"--close"}));
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.talk, "closed 3 partitions of " + topic_ + "\n");
  EXPECT_THAT(records(), ElementsAre(at(0, kClose), at(1, kClose), at(2, kClose)));
}

TEST_F(KafkaTick, MovesEveryPartitionToATimeInEitherForm) {
  const Ended ended = run_child(tick({"--to", "2024-03-01T13:00:00+01:00"}));
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.talk, "moved 3 partitions of " + topic_ + " to 2024-03-01T12:00:00Z\n");
  EXPECT_EQ(run_child(tick({"--to", "1709294400000"})).code, 0);
  EXPECT_THAT(records(), ElementsAre(at(0, kToNoon), at(0, kToNoon), at(1, kToNoon), at(1, kToNoon), at(2, kToNoon),
                                     at(2, kToNoon)));
}

TEST_F(KafkaTick, FollowsTheWallClockUntilItIsStopped) {
  constexpr std::string_view kBefore = R"({"type":"advance","timestamp":")";
  Child child(tick({"--every", "10ms"}));
  while (records().size() < 4 * kPartitions) continue;
  child.send(SIGTERM);
  const Ended ended = child.wait();
  EXPECT_EQ(ended.code, 0) << ended.talk;
  std::map<std::int32_t, std::vector<EventTime>> times;
  for (const StoredRecord& record : broker_.read_all(topic_, Isolation::kReadCommitted)) {
    ASSERT_THAT(*record.value, testing::StartsWith(std::string(kBefore)));
    const std::size_t size = record.value->size() - kBefore.size() - 2;
    const auto to = parse_rfc3339(record.value->substr(kBefore.size(), size));
    ASSERT_TRUE(to) << *record.value;
    EXPECT_LE(millis(*to), record.timestamp_ms);
    times[record.partition].push_back(*to);
  }
  EXPECT_EQ(times.size(), kPartitions);
  EXPECT_EQ(times[0], times[1]);
  EXPECT_EQ(times[0], times[2]);
  EXPECT_TRUE(std::is_sorted(times[0].begin(), times[0].end()));
}

// Whether the program comes to say so within half a minute.
bool comes_to_say(const Child& child, const std::string& words) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (std::chrono::steady_clock::now() < deadline) {
    if (child.talk().find(words) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return false;
}

TEST_F(KafkaTick, ThatGoesOnForEverWaitsForBrokersThatAreNotThere) {
  broker_.kill();
  Child child(tick({"--every", "10ms"}));
  EXPECT_TRUE(comes_to_say(child, "trying again")) << child.talk();
  broker_.start();
  EXPECT_TRUE(comes_to_say(child, "moved 3 partitions of " + topic_)) << child.talk();
  child.send(SIGTERM);
  EXPECT_EQ(child.wait().code, 0);
}

TEST_F(KafkaTick, SaysThatTheTopicIsMissing) {
  topic_ += "-not-there";
  const Ended ended = run_child(tick({"--close"}));
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, HasSubstr("there is no topic '" + topic_ + "'"));
}

TEST(KafkaClose, LetsARunThatEndsPublishTheSessionsThatAreOpen) {
  KafkaJob job(2);
  job.produce({{.key = "ann",
                .value = R"({"user_id":"ann","item_id":"b1","category":"books","event_type":"view",)"
                         R"("timestamp":"2024-03-01T08:12:44Z"})"}});
  Arguments run = job.arguments();
  run.insert(run.begin(), {"run", "--until", "end"});
  Ended ended = run_child(run);
  EXPECT_EQ(ended.code, 0) << ended.talk;
  EXPECT_THAT(job.outputs(Topic::kSessions), IsEmpty());
  run.push_back("--close");
  ended = run_child(run);
  EXPECT_EQ(ended.code, 0) << ended.talk;
  EXPECT_THAT(job.outputs(Topic::kSessions), ElementsAre(HasSubstr(R"("user":"ann","start":"2024-03-01T08:12:44Z")")));
  EXPECT_THAT(job.outputs(Topic::kForecasts), ElementsAre(HasSubstr(R"("user":"ann","as_of":"2024-03-02T00:00:00Z")")));
}

}  // namespace
}  // namespace driftcast
