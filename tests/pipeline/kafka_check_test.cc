// The program that looks at Kafka before a job starts: all that is wrong at once, and what to do about it.
#include "pipeline/kafka_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/hash.h"
#include "pipeline/kafka_check_sample.h"
#include "pipeline/kafka_log.h"
#include "tests/pipeline/support/child.h"
#include "tests/pipeline/support/kafka_broker.h"
#include "tests/pipeline/support/kafka_job.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr int kPartitions = 2;

using Arguments = std::vector<std::string>;

std::string event(const std::string& user) {
  return R"({"user_id":")" + user +
         R"(","item_id":"b1","category":"books","event_type":"view","timestamp":"2024-03-01T08:12:44Z"})";
}

class KafkaCheck : public testing::Test {
 protected:
  Ended check(const Arguments& sets = {}) const {
    Arguments arguments = job_.arguments();
    arguments.insert(arguments.begin(), {"check", "--kafka"});
    for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
    return run_child(arguments);
  }

  // A topic of this test, made with these settings.
  std::string topic(const std::string& name, int partitions, const std::map<std::string, std::string>& config) {
    broker_.create_topic(topics_.input + name, partitions, config);
    return topics_.input + name;
  }

  KafkaBroker& broker_ = KafkaBroker::shared();
  KafkaJob job_{kPartitions};
  const TopicOptions& topics_ = job_.settings().pipeline.topics;
};

TEST_F(KafkaCheck, FindsNothingWrongWhereAJobCanRun) {
  job_.produce({{.key = "ann", .value = event("ann")},
                {.key = "bob", .value = event("bob")},
                {.value = event("cy"), .partition = partition_of("cy", kPartitions)},
                {.key = "ann", .value = std::nullopt},
                {.value = R"({"type":"advance","close":true})", .partition = 0}});
  const Ended ended = check();
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("ok    kafka.brokers: asked " + broker_.brokers() + ", found 1\n"),
                                HasSubstr("ok    topics.input '" + topics_.input + "' has 2 partitions\n"),
                                HasSubstr("ok    topics.input '" + topics_.input + "' is not compacted\n"),
                                HasSubstr("ok    topics.changelog '" + topics_.changelog + "' is compacted\n"),
                                HasSubstr("ok    transactions, tried with the transactional id '" +
                                          job_.settings().pipeline.kafka.group + ".check', can be used\n"),
                                HasSubstr("it has committed offsets of 0 of 2 partitions\n"),
                                HasSubstr("5 of the newest 5 records decode\n"),
                                HasSubstr("all 4 of them about a user are keyed by user\n"), Not(HasSubstr("warn")),
                                Not(HasSubstr("FAIL"))));
}

TEST_F(KafkaCheck, SaysAllTopicsThatAreMissingAndWhatMakesThem) {
  const Ended ended = check({"topics.input=no-input", "topics.sessions=no-sessions", "topics.changelog=no-changelog"});
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("FAIL  topics.input 'no-input' is not there\n      make it"),
                                HasSubstr("FAIL  topics.sessions 'no-sessions' is not there\n      'driftcast run "
                                          "--create-topics' makes it"),
                                HasSubstr("FAIL  topics.changelog 'no-changelog' is not there\n      'driftcast run "
                                          "--create-topics' makes it"),
                                HasSubstr("3 problems")));
}

TEST_F(KafkaCheck, RefusesAnInputThatCannotBeReplayed) {
  const std::string compacted = topic("-compacted", 2, {{"cleanup.policy", "compact"}});
  Ended ended = check({"topics.input=" + compacted});
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("FAIL  topics.input '" + compacted + "' has the cleanup.policy 'compact'"),
                                HasSubstr("cannot be replayed"), HasSubstr("1 problem ")));
  const std::string brief = topic("-brief", 2, {{"retention.ms", "5000"}});
  ended = check({"topics.input=" + brief});
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, HasSubstr("FAIL  topics.input '" + brief +
                                    "' keeps its records for 5s, which is shorter than changelog.interval, 10s"));
  EXPECT_EQ(check({"topics.input=" + brief, "changelog.interval=5s"}).code, 0);
}

TEST_F(KafkaCheck, RefusesAChangelogThatLosesStatesOrDoesNotFit) {
  const std::string changelog = topic("-changelog", 3, {{"cleanup.policy", "compact,delete"}});
  const Ended ended = check({"topics.changelog=" + changelog});
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk,
              AllOf(HasSubstr("FAIL  topics.changelog '" + changelog + "' has 3 partitions, but topics.input '" +
                              topics_.input + "' has 2 partitions"),
                    HasSubstr("FAIL  topics.changelog '" + changelog + "' has the cleanup.policy 'compact,delete'"),
                    HasSubstr("2 problems")));
}

TEST_F(KafkaCheck, RefusesRecordsThatAreNotKeyedByUser) {
  const std::int32_t home = partition_of("ann", kPartitions);
  job_.produce({{.key = "ann", .value = event("ann"), .partition = home},
                {.key = "b1", .value = event("ann"), .partition = home},
                {.key = "ann", .value = event("ann"), .partition = 1 - home},
                {.value = event("ann"), .partition = 1 - home}});
  const Ended ended = check();
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk,
              AllOf(HasSubstr("4 of the newest 4 records decode"),
                    HasSubstr("FAIL  topics.input '" + topics_.input +
                              "' is not keyed by user: of 4 records 1 have another key than their user, and "
                              "2 lie in another partition than murmur2 of the user gives; partition "),
                    HasSubstr("user 'ann'"), HasSubstr("murmur2_random"), HasSubstr("1 problem ")));
}

TEST_F(KafkaCheck, SaysWhyRecordsDoNotDecode) {
  job_.produce({{.key = "ann", .value = event("ann")},
                {.key = "bob", .value = R"({"user_id":"bob"})"},
                {.key = "bob", .value = R"({"user_id":"bob"})"},
                {.key = "cy", .value = "rubbish"}});
  Ended ended = check();
  EXPECT_EQ(ended.code, 0) << "bad records are what dead letters are for";
  EXPECT_THAT(ended.talk, HasSubstr("warn  topics.input '" + topics_.input +
                                    "': 1 of the newest 4 records decode; the others do not: missing_field /item_id 2, "
                                    "syntax 1\n"));
  ended = check({"mapping.user_id=/who"});
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("FAIL"), HasSubstr("0 of the newest 4 records decode"),
                                HasSubstr("missing_field /who 3"), HasSubstr("mapping.*")));
}

TEST_F(KafkaCheck, LooksAtTheNewestRecordsOfAllPartitions) {
  std::vector<NewRecord> records;
  for (int i = 0; i < 10; ++i) records.push_back({.value = i < 7 ? "rubbish" : event("ann"), .partition = 0});
  records.push_back({.value = "rubbish", .partition = 1});
  job_.produce(records);
  auto reader = KafkaReader::open(job_.settings().pipeline.kafka);
  ASSERT_TRUE(reader);
  const auto sample = sample_input(*reader, job_.settings(), 4);
  ASSERT_TRUE(sample) << sample.error().message;
  EXPECT_EQ(sample->records, 4);
  EXPECT_EQ(sample->decoded, 3);
  EXPECT_THAT(sample->rejected, ElementsAre(Pair("syntax", 1)));
}

TEST_F(KafkaCheck, LeavesARunningJobAlone) {
  const auto log = open_log(job_.settings(), Until::kForever);
  ASSERT_TRUE(log);
  ASSERT_TRUE(log->begin());
  Outbox outbox;
  outbox.add(Topic::kForecasts, {1, 0}, "ann", "fine");
  ASSERT_TRUE(log->write(0, outbox));
  const auto findings = check_kafka(job_.settings());
  ASSERT_TRUE(findings) << findings.error().message;
  for (const Finding& finding : *findings) EXPECT_EQ(finding.verdict, Finding::Verdict::kOk) << finding.what;
  EXPECT_TRUE(log->commit());
  EXPECT_THAT(job_.outputs(Topic::kForecasts), ElementsAre("ann fine"));
}

}  // namespace
}  // namespace driftcast
