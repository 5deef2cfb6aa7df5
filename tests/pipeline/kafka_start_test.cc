// The program before it has begun: brokers that do not answer yet, and what it must not write before it knows that it
// can run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "pipeline/kafka_reader.h"
#include "pipeline/kafka_start_check.h"
#include "tests/pipeline/support/child.h"
#include "tests/pipeline/support/http_client.h"
#include "tests/pipeline/support/kafka_broker.h"
#include "tests/pipeline/support/kafka_job.h"

namespace driftcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Arguments = std::vector<std::string>;

constexpr const char* kNobody = "127.0.0.1:1";  // listens there
constexpr const char* kClose = R"({"type":"advance","close":true})";
constexpr const char* kEvent =
    R"({"user_id":"ann","item_id":"b1","category":"books","event_type":"view","timestamp":"2024-03-01T08:12:44Z"})";

// Whether it comes true within half a minute.
template <class Condition>
bool comes_true(Condition condition) {
  const auto deadline = steady_clock::now() + seconds{30};
  while (steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds{20});
  }
  return false;
}

bool comes_to_say(const Child& child, const std::string& words) {
  return comes_true([&] { return child.talk().find(words) != std::string::npos; });
}

bool comes_to_answer(const Child& child, const std::string& path, const std::string& words) {
  return comes_true([&] {
    const std::string address = address_in(child.talk());
    return !address.empty() && http_get(address, path).find(words) != std::string::npos;
  });
}

Arguments run(const Arguments& options, const Arguments& sets) {
  Arguments arguments = {"run"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
  return arguments;
}

Arguments run(const Arguments& options, const KafkaJob& job, const Arguments& sets = {}) {
  Arguments arguments = run(options, sets);
  const Arguments names = job.arguments();
  arguments.insert(arguments.end(), names.begin(), names.end());
  return arguments;
}

milliseconds since(steady_clock::time_point began) {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - began);
}

std::vector<std::string> values_of(const std::string& topic) {
  std::vector<std::string> values;
  for (const StoredRecord& record : KafkaBroker::shared().read_all(topic, Isolation::kReadCommitted)) {
    values.push_back(record.value.value_or("(null)"));
  }
  return values;
}

TEST(KafkaStart, EndsAtOnceWhenItIsToldToBeforeAnyBrokerAnswers) {
  Child child(run({}, {std::string("kafka.brokers=") + kNobody}));
  std::this_thread::sleep_for(seconds{2});
  const auto told = steady_clock::now();
  child.send(SIGTERM);
  const Ended ended = child.wait();
  EXPECT_EQ(ended.code, 0) << ended.talk;
  EXPECT_LT(since(told), milliseconds{2'500});
  EXPECT_THAT(ended.talk, Not(HasSubstr("given up")));
}

TEST(KafkaStart, TriesNoLongerThanItIsAllowedTo) {
  for (const std::string patience : {"0", "1s"}) {
    const auto began = steady_clock::now();
    const Ended ended = run_child(run({}, {std::string("kafka.brokers=") + kNobody, "kafka.patience=" + patience}));
    EXPECT_EQ(ended.code, 69) << ended.talk;
    EXPECT_THAT(ended.talk, HasSubstr("given up after kafka.patience"));
    EXPECT_LT(since(began), seconds{6}) << patience;
  }
}

TEST(KafkaStart, SaysToWhoAsksThatNoBrokerAnswers) {
  Child child(run({}, {std::string("kafka.brokers=") + kNobody, "http.listen=127.0.0.1:0"}));
  EXPECT_TRUE(comes_to_answer(child, "/readyz", "waiting for the brokers")) << child.talk();
  EXPECT_TRUE(comes_to_answer(child, "/readyz", "no broker answers")) << child.talk();
}

TEST(KafkaStart, WaitsForBrokersBeforeItMakesTopicsAndClosesTheInputToo) {
  KafkaJob job(2);
  KafkaBroker& broker = KafkaBroker::shared();
  broker.kill();
  Child child(run({"--until", "end", "--create-topics", "--close"}, job));
  EXPECT_TRUE(comes_to_say(child, "trying again")) << child.talk();
  broker.start();
  const Ended ended = child.wait();
  EXPECT_EQ(ended.code, 0) << ended.talk;
  EXPECT_THAT(values_of(job.settings().pipeline.topics.input), ElementsAre(kClose, kClose));
}

TEST(KafkaStart, MovesNoTimeAndMakesNoTopicWhereItCannotRun) {
  KafkaJob job(2);
  const TopicOptions& topics = job.settings().pipeline.topics;
  const std::string wrong = topics.changelog + "-wrong", missing = topics.late + "-missing";
  KafkaBroker::shared().create_topic(wrong, 3, {{"cleanup.policy", "compact"}});
  Arguments arguments = run({"--until", "end", "--create-topics", "--close"}, job);  // what is set last counts
  arguments.insert(arguments.end(), {"--set", "topics.changelog=" + wrong, "--set", "topics.late=" + missing});
  const Ended ended = run_child(arguments);
  EXPECT_EQ(ended.code, 78) << ended.talk;
  EXPECT_THAT(ended.talk, HasSubstr("has 3 partitions"));
  EXPECT_THAT(values_of(topics.input), IsEmpty());
  const auto reader = KafkaReader::open(job.settings().pipeline.kafka);
  ASSERT_TRUE(reader);
  const auto made = reader->client().find_topic(missing);
  EXPECT_TRUE(made && !*made);
}

TEST(KafkaStart, MovesNoTimeInAnInputThatIsNotKeyedByUser) {
  KafkaJob job(1);
  const std::string& input = job.settings().pipeline.topics.input;
  job.produce({{.key = "session 1", .value = kEvent}});
  const Ended ended = run_child(run({"--until", "end", "--close"}, job));
  EXPECT_EQ(ended.code, 78) << ended.talk;
  EXPECT_THAT(ended.talk, HasSubstr("is not keyed by user"));
  EXPECT_THAT(values_of(input), ElementsAre(kEvent));
}

// Else an instance that happens to start while brokers come and go would have to be started by hand.
TEST(KafkaStart, RefusesNothingBecauseNobodyAnswers) {
  KafkaOptions options;
  options.brokers = kNobody;
  const auto client = KafkaClient::make(KafkaClient::Role::kConsumer, options, {{"group.id", "nobody"}});
  ASSERT_TRUE(client) << client.error().message;
  const auto findings = check_topics(*client, PipelineOptions());
  EXPECT_THAT(findings, testing::SizeIs(1)) << "each would wait";
  const auto judged = judge(findings);
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().code, ErrorCode::kUnavailable) << judged.error().message;
  EXPECT_THAT(judged.error().message, Not(HasSubstr("cannot run on these topics")));
}

// One that waits for its share of the partitions.
TEST(KafkaStart, SaysToWhoAsksThatTheBrokersAreGoneWhileItJoins) {
  KafkaJob job(1);
  const auto holder = open_log(job.settings(), Until::kForever);
  ASSERT_TRUE(holder);
  Child child(run({}, job, {"http.listen=127.0.0.1:0"}));
  EXPECT_TRUE(comes_to_answer(child, "/readyz", "waiting for partitions of the group")) << child.talk();
  KafkaBroker& broker = KafkaBroker::shared();
  broker.kill();
  EXPECT_TRUE(comes_to_answer(child, "/readyz", "no broker answers")) << child.talk();
  broker.start();
  EXPECT_TRUE(comes_to_answer(child, "/readyz", "waiting for partitions of the group")) << child.talk();
}

// It has read its share, and waits for the other's.
TEST(KafkaStart, OfARunThatEndsTheProgressIsServed) {
  KafkaJob job(2);
  job.produce({{.value = kClose, .partition = 0}, {.value = kClose, .partition = 1}});
  Settings other = job.settings();
  other.pipeline.kafka.instance = "idle";
  const auto log = open_log(other, Until::kForever);
  ASSERT_TRUE(log);
  std::atomic<bool> stop{false};
  std::thread idle([&] {
    while (log->acquire(stop) && !stop) std::this_thread::sleep_for(milliseconds{50});
  });
  Child child(run({"--until", "end"}, job, {"http.listen=127.0.0.1:0"}));
  EXPECT_TRUE(comes_to_answer(child, "/metrics", "driftcast_input_progress_ratio 1\n")) << child.talk();
  stop = true;
  idle.join();
}

}  // namespace
}  // namespace driftcast
