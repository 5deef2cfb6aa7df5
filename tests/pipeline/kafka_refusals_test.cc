// Runs on Kafka whose group, changelog and input do not belong together: refused before anything is published, and the
// look beforehand says so, too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/hash.h"
#include "tests/pipeline/support/child.h"
#include "tests/pipeline/support/kafka_broker.h"
#include "tests/pipeline/support/kafka_job.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int kPartitions = 2;

using Arguments = std::vector<std::string>;

// A job that has seen some users in each partition, and was stopped.
class KafkaRefusals : public testing::Test {
 protected:
  void SetUp() override {
    produce_users();
    const Ended ended = run();
    ASSERT_EQ(ended.code, 0) << ended.talk;
  }

  void produce_users() {
    std::vector<NewRecord> records;
    for (int i = 0; i < 20; ++i) {
      const std::string user = "user" + std::to_string(i);
      records.push_back({.key = user,
                         .value = R"({"user_id":")" + user +
                                  R"(","item_id":"b1","category":"books","event_type":"view",)"
                                  R"("timestamp":"2024-03-01T08:12:44Z"})"});
    }
    job_.produce(records);
  }

  Ended run(const Arguments& sets = {}) const { return program({"run", "--until", "end", "--create-topics"}, sets); }
  Ended check(const Arguments& sets = {}) const { return program({"check", "--kafka"}, sets); }

  std::string state(const std::string& name) const { return "state.dir=" + dir_.path(name); }

  KafkaBroker& broker_ = KafkaBroker::shared();
  KafkaJob job_{kPartitions};
  const TopicOptions& topics_ = job_.settings().pipeline.topics;
  const std::string other_changelog_ = "topics.changelog=" + topics_.changelog + "-2";
  const std::string other_group_ = "kafka.group=" + job_.settings().pipeline.kafka.group + "-2";
  ScratchDir dir_;

 private:
  Ended program(Arguments arguments, const Arguments& sets) const {
    const Arguments job = job_.arguments();
    arguments.insert(arguments.end(), job.begin(), job.end());
    arguments.insert(arguments.end(), {"--set", state("state")});
    for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
    return run_child(arguments);
  }
};

// Else it would be noticed when the directory is lost, and with it all states from before.
TEST_F(KafkaRefusals, CommitRule9AnotherChangelogIsRefusedWithAndWithoutTheStates) {
  Ended ended = run({other_changelog_});
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("it is another topic, or was made anew"),
                                HasSubstr("name the topics.changelog that this kafka.group has written")));
  ended = run({other_changelog_, state("empty")});
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, HasSubstr("lacks the mark of epoch"));
  ended = run();
  EXPECT_EQ(ended.code, 0) << ended.talk;
  ended = run({other_changelog_, other_group_, state("afresh")});
  EXPECT_EQ(ended.code, 0) << ended.talk;
}

// Else its supervisor would start it again for ever.
TEST_F(KafkaRefusals, CommitRule9AChangelogThatWasMadeAnewIsRefused) {
  broker_.delete_topic(topics_.changelog);
  broker_.create_topic(topics_.changelog, kPartitions, {{"cleanup.policy", "compact"}});
  const Ended ended = run();
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("ends before offset"), HasSubstr("was made anew")));
}

// Else the new partitions would begin without the states of the users that lie in them now.
TEST_F(KafkaRefusals, CommitRule9AnInputThatHasGrownIsRefusedWhateverTheChangelog) {
  broker_.grow_topic(topics_.input, 2 * kPartitions);
  Ended ended = run();
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, HasSubstr("if the input has grown, a new kafka.group too"));
  broker_.grow_topic(topics_.changelog, 2 * kPartitions);
  for (const Arguments& sets :
       {Arguments(), Arguments{other_changelog_}, Arguments{other_changelog_, state("empty")}}) {
    ended = run(sets);
    EXPECT_EQ(ended.code, 78);
    EXPECT_THAT(ended.talk, HasSubstr("the input has 4 partitions, but had 2 when the offset of partition"));
  }
  ended = check();
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, HasSubstr("FAIL  the input has 4 partitions, but had 2"));
  ended = run({other_changelog_, other_group_, state("afresh")});
  EXPECT_EQ(ended.code, 0) << ended.talk;
}

// An instance that is given only the new partitions sees it as well.
TEST_F(KafkaRefusals, CommitRule9ANewPartitionOfAGrownInputIsNoFirstRun) {
  broker_.grow_topic(topics_.input, 2 * kPartitions);
  broker_.grow_topic(topics_.changelog, 2 * kPartitions);
  const auto log = open_log(job_.settings());
  ASSERT_TRUE(log);
  const auto committed = log->committed(3);
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kConfig);
  EXPECT_THAT(committed.error().message, HasSubstr("the input has 4 partitions, but had 2"));
}

TEST_F(KafkaRefusals, TheLookBeforehandRefusesWhatARunWould) {
  Ended ended = check();
  EXPECT_EQ(ended.code, 0) << ended.talk;
  EXPECT_THAT(ended.talk, HasSubstr("has committed fits this configuration"));
  const std::string changed = "session.gap=31m";
  for (const Ended& refused : {check({changed}), run({changed})}) {
    EXPECT_EQ(refused.code, 78);
    EXPECT_THAT(refused.talk, AllOf(HasSubstr("was made under another configuration"),
                                    HasSubstr("give another kafka.group and topics.changelog to start afresh")));
  }
  for (const Ended& refused : {check({other_group_}), run({other_group_, state("empty")})}) {
    EXPECT_EQ(refused.code, 78);
    EXPECT_THAT(refused.talk, HasSubstr("but the changelog holds states"));
  }
  ended = check({changed, other_group_, "topics.changelog=" + topics_.late});
  EXPECT_THAT(ended.talk, Not(HasSubstr("was made under")));
}

}  // namespace
}  // namespace driftcast
