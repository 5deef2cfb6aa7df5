// The real program at a broker that speaks TLS, asks who is there, and gives rights: it works with those it needs and no
// more, says which one is missing, and tells nobody its password.
#include "tests/pipeline/support/kafka_secure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "tests/pipeline/support/child.h"
#include "tests/pipeline/support/kafka_job.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Arguments = std::vector<std::string>;

constexpr int kPartitions = 2;
constexpr const char* kPassword = "DRIFTCAST_TEST_PASSWORD";  // a variable of the environment
constexpr const char* kWrong = "not-the-password-8c1f";

std::string event(const std::string& user) {
  return R"({"user_id":")" + user +
         R"(","item_id":"b1","category":"books","event_type":"view","timestamp":"2024-03-01T08:12:44Z"})";
}

class KafkaSecure : public testing::Test {
 protected:
  void SetUp() override { ::setenv(kPassword, broker_.password("admin").c_str(), 1); }

  // What a command is told beside the names of topics and group: how to reach the broker, and who asks.
  Arguments as(const Arguments& command, const Arguments& who, const Arguments& more = {}) const {
    Arguments arguments = command;
    const Arguments names = job_.arguments();
    arguments.insert(arguments.end(), names.begin(), names.end());
    Arguments sets = {"kafka.brokers=" + broker_.clients(),
                      "kafka.instance=one",
                      "kafka.patience=0",
                      "kafka.client.security.protocol=SASL_SSL",
                      "kafka.client.ssl.ca.location=" + broker_.ca(),
                      "kafka.client.sasl.mechanism=PLAIN"};
    sets.insert(sets.end(), who.begin(), who.end());
    sets.insert(sets.end(), more.begin(), more.end());
    for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
    return arguments;
  }

  // Everything that a job must be allowed to.
  Arguments rights() const {
    return {"read:topic:" + topics_.input,
            "write:topic:" + topics_.forecasts,
            "write:topic:" + topics_.drift,
            "write:topic:" + topics_.sessions,
            "write:topic:" + topics_.late,
            "write:topic:" + topics_.dlq,
            "read:topic:" + topics_.changelog,
            "write:topic:" + topics_.changelog,
            "read:group:" + group_,
            "write:transactional-id:" + group_ + ".*"};
  }

  void allow_all_but(const std::string& right, const Arguments& instead = {}) {
    Arguments allowed = rights();
    ASSERT_EQ(std::erase(allowed, right), 1);
    allowed.insert(allowed.end(), instead.begin(), instead.end());
    broker_.allow(allowed);
  }

  Ended run(const Arguments& who, const Arguments& more = {}) const {
    return run_child(as({"run", "--until", "end"}, who, more));
  }
  Ended check(const Arguments& who, const Arguments& more = {}) const {
    return run_child(as({"check", "--kafka"}, who, more));
  }

  SecureBroker& broker_ = SecureBroker::shared();
  KafkaJob job_{kPartitions, {}, broker_};
  const TopicOptions& topics_ = job_.settings().pipeline.topics;
  const std::string& group_ = job_.settings().pipeline.kafka.group;
  const Arguments admin_ = {"kafka.client.sasl.username=admin",
                            std::string("kafka.client.sasl.password=${") + kPassword + "}"};
  const Arguments user_ = {"kafka.client.sasl.username=job",
                           "kafka.client.sasl.password=${file:" + broker_.password_file("job") + "}"};
};

TEST_F(KafkaSecure, WorksWithTheRightsItNeedsAndNoMore) {
  broker_.allow(rights());
  job_.produce({{.key = "ann", .value = event("ann")}, {.key = "bob", .value = "rubbish"}});
  const Ended checked = check(user_);
  EXPECT_EQ(checked.code, 0);
  EXPECT_THAT(checked.talk,
              AllOf(HasSubstr("ok    it is allowed to read " + topics_.changelog + ", " + topics_.input),
                    HasSubstr("ok    it is allowed to write to " + topics_.changelog), Not(HasSubstr("FAIL"))));
  for (const Topic topic : {Topic::kForecasts, Topic::kSessions, Topic::kDeadLetters}) {
    EXPECT_THAT(job_.outputs(topic), IsEmpty()) << "a check writes nothing";
  }
  const Ended ticked = run_child(as({"tick", "--close"}, admin_));
  EXPECT_EQ(ticked.code, 0) << ticked.talk;
  const Ended ended = run(user_);
  EXPECT_EQ(ended.code, 0) << ended.talk;
  EXPECT_THAT(job_.outputs(Topic::kForecasts), ElementsAre(HasSubstr(R"("user":"ann")")));
  EXPECT_THAT(job_.outputs(Topic::kSessions), ElementsAre(HasSubstr(R"("user":"ann")")));
  EXPECT_THAT(job_.outputs(Topic::kDeadLetters), ElementsAre(HasSubstr("rubbish")));
  const Ended tailed = run_child(as({"tail", "--from-beginning", "--max", "1"}, admin_));
  EXPECT_EQ(tailed.code, 0);
  EXPECT_THAT(tailed.talk, HasSubstr(" ann forecast"));
}

TEST_F(KafkaSecure, IsNotLetInWithAWrongPassword) {
  ::setenv(kPassword, kWrong, 1);
  for (const Ended& ended : {run(admin_), check(admin_), run_child(as({"tail"}, admin_))}) {
    EXPECT_EQ(ended.code, 77);
    EXPECT_THAT(ended.talk, AllOf(HasSubstr("the brokers do not let this user in"), HasSubstr("Authentication failed"),
                                  HasSubstr("sasl.password"), Not(HasSubstr(kWrong))));
  }
}

TEST_F(KafkaSecure, LogsInByScramOrSaysWhatThatTakes) {
  const Ended ended = check(admin_, {"kafka.client.sasl.mechanism=SCRAM-SHA-512"});
  if (client_knows_scram()) {
    EXPECT_EQ(ended.code, 0) << ended.talk;
  } else {
    EXPECT_EQ(ended.code, 77);
    EXPECT_THAT(ended.talk, AllOf(HasSubstr("SCRAM-SHA-512"), HasSubstr("that takes 2.6.1")));
  }
}

TEST_F(KafkaSecure, DoesNotTrustABrokerOfAnotherAuthority) {
  const ScratchDir dir;
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=stranger "
      "-keyout '" +
      dir.path("key") + "' -out '" + dir.path("ca.pem") + "' 2> /dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const Arguments stranger = {"kafka.client.ssl.ca.location=" + dir.path("ca.pem")};
  for (const Ended& ended : {run(user_, stranger), check(user_, stranger)}) {
    EXPECT_EQ(ended.code, 69);
    EXPECT_THAT(ended.talk, AllOf(HasSubstr("certificate verify failed"), HasSubstr("ssl.ca.location")));
  }
}

TEST_F(KafkaSecure, SaysAllRightsThatAreMissingAtOnce) {
  broker_.allow({"describe:topic:" + topics_.input, "describe:topic:" + topics_.forecasts,
                 "write:topic:" + topics_.changelog, "write:topic:" + topics_.late});
  const Ended ended = check(user_);
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk,
              AllOf(HasSubstr("FAIL  cannot read topic '" + topics_.input +
                              "': Broker: Topic authorization failed\n"
                              "      allow Read on it"),
                    HasSubstr("FAIL  cannot write to topic '" + topics_.forecasts +
                              "': Broker: Topic authorization failed\n      allow Write on it"),
                    HasSubstr("FAIL  topics.sessions '" + topics_.sessions + "'"), HasSubstr("allow Write on it"),
                    HasSubstr("FAIL  cannot read topic '" + topics_.changelog + "'"),
                    HasSubstr("FAIL  transactions, tried with the transactional id '" + group_ + ".check'"),
                    HasSubstr("FAIL  kafka.group '" + group_ + "'"), Not(HasSubstr("'" + topics_.late + "':")),
                    HasSubstr("8 problems")));
}

TEST_F(KafkaSecure, EndsWithoutTheRightToReadTheInput) {
  job_.produce({{.key = "ann", .value = event("ann")}});
  allow_all_but("read:topic:" + topics_.input, {"describe:topic:" + topics_.input});
  const Ended ended = run(user_);
  EXPECT_EQ(ended.code, 77);
  EXPECT_THAT(ended.talk,
              AllOf(HasSubstr("cannot read topic '" + topics_.input + "'"), HasSubstr("Topic authorization failed")));
}

TEST_F(KafkaSecure, EndsWithoutTheRightToWriteAnOutput) {
  job_.produce({{.key = "bob", .value = "rubbish"}});
  allow_all_but("write:topic:" + topics_.dlq, {"describe:topic:" + topics_.dlq});
  const Ended ended = run(user_);
  EXPECT_EQ(ended.code, 77);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("driftcast: "), HasSubstr("\"" + topics_.dlq + "\" [0]"),
                                HasSubstr("check --kafka"), HasSubstr("Topic authorization failed")));
}

TEST_F(KafkaSecure, EndsWithoutTheRightToWriteTheChangelog) {
  job_.produce({{.key = "ann", .value = event("ann")}});
  allow_all_but("write:topic:" + topics_.changelog);
  const Ended ended = run(user_, {"changelog.interval=0"});
  EXPECT_EQ(ended.code, 77);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("driftcast: the changelog was not written: "), HasSubstr("check --kafka"),
                                HasSubstr("Topic authorization failed")));
}

TEST_F(KafkaSecure, EndsWithoutTheRightToItsTransactionalId) {
  allow_all_but("write:transactional-id:" + group_ + ".*");
  const Ended ended = run(user_);
  EXPECT_EQ(ended.code, 77);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("transactional id '" + group_ + ".one'"),
                                HasSubstr("Transactional Id authorization failed")));
}

TEST_F(KafkaSecure, EndsWithoutTheRightToItsGroup) {
  allow_all_but("read:group:" + group_);
  const Ended ended = run(user_);
  EXPECT_EQ(ended.code, 77);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("group '" + group_ + "'"), HasSubstr("Group authorization failed")));
}

TEST_F(KafkaSecure, EndsWithoutTheRightToMakeTopics) {
  broker_.allow({"read:topic:" + topics_.input});
  const Ended ended = run_child(as({"run", "--create-topics"}, user_, {"topics.changelog=" + topics_.changelog + "2"}));
  EXPECT_EQ(ended.code, 77);
  EXPECT_THAT(ended.talk, HasSubstr("topic '" + topics_.changelog + "2'"));
}

TEST_F(KafkaSecure, TellsNobodyItsPassword) {
  broker_.allow(rights());
  job_.produce({{.key = "ann", .value = event("ann")}});
  const std::string secret = broker_.password("job");
  const Arguments loud = {"log.level=trace", "kafka.client.debug=all"};
  Arguments misspelt = user_;
  misspelt.push_back("kafka.client.sasl.pasword=${file:" + broker_.password_file("job") + "}");
  const Ended all[] = {run(user_, loud),
                       run_child(as({"check", "--kafka"}, user_, loud)),
                       run(user_, {"kafka.client.sasl.mechanism=NONE"}),
                       run(misspelt),
                       run_child(as({"describe", "--configuration"}, user_)),
                       run_child(as({"describe"}, user_))};
  EXPECT_EQ(all[0].code, 0);
  EXPECT_THAT(all[0].talk, HasSubstr("debug kafka: ")) << "else this shows nothing";
  for (const Ended& ended : all) EXPECT_THAT(ended.talk, Not(HasSubstr(secret)));
  for (const char* written : {"kafka.client.sasl.password=", "kafka.client.ssl.key.password="}) {
    const Ended ended = run({"kafka.client.sasl.username=job", written + secret});
    EXPECT_EQ(ended.code, 78);
    EXPECT_THAT(ended.talk, AllOf(HasSubstr("is a secret"), Not(HasSubstr(secret))));
  }
}

}  // namespace
}  // namespace driftcast
