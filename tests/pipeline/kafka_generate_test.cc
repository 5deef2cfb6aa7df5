// The generator's records in a topic: the same as in a file, each with its user as the key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "core/hash.h"
#include "tests/pipeline/support/child.h"
#include "tests/pipeline/support/kafka_broker.h"
#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

constexpr int kPartitions = 3;

std::vector<std::string> generate_arguments(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"generate", "--events", "3000",     "--users", "40",
                                        "--seed",   "7",        "--broken", "0.05"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> into_file() {
  const ScratchDir dir;
  const Ended ended = run_child(generate_arguments({"--out", dir.path("events.jsonl")}));
  EXPECT_EQ(ended.code, 0) << ended.talk;
  std::vector<std::string> lines;
  std::ifstream text(dir.path("events.jsonl"));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

Ended into_topic(const std::string& topic) {
  return run_child(generate_arguments(
      {"--topic", "--set", "kafka.brokers=" + KafkaBroker::shared().brokers(), "--set", "topics.input=" + topic}));
}

TEST(KafkaGenerate, WritesEveryRecordOnceAndThoseOfAUserInOrder) {
  KafkaBroker& kafka = KafkaBroker::shared();
  kafka.create_topic("generated", kPartitions);
  const Ended ended = into_topic("generated");
  ASSERT_EQ(ended.code, 0) << ended.talk;
  const std::vector<std::string> expected = into_file();
  std::vector<std::string> found;
  std::map<std::string, std::vector<std::string>> by_user, expected_by_user;
  for (const StoredRecord& record : kafka.read_all("generated", Isolation::kReadCommitted)) {
    found.push_back(record.value.value_or("(null)"));
    if (!record.key) continue;
    by_user[*record.key].push_back(found.back());
    EXPECT_EQ(record.partition, partition_of(*record.key, kPartitions));
  }
  for (const std::string& line : expected) {
    const std::size_t begin = line.find("\"user_id\":\"u0");
    if (begin != std::string::npos) expected_by_user[line.substr(begin + 11, 7)].push_back(line);
  }
  EXPECT_THAT(found, UnorderedElementsAreArray(expected));
  for (const auto& [user, lines] : expected_by_user) EXPECT_EQ(by_user[user], lines) << user;
  EXPECT_EQ(expected_by_user.size(), 40);
}

TEST(KafkaGenerate, SaysWhatItLacks) {
  const Ended no_topic = into_topic("no-such-topic");
  EXPECT_EQ(no_topic.code, 78);
  EXPECT_THAT(no_topic.talk, HasSubstr("there is no topic 'no-such-topic'"));
  const Ended no_brokers = run_child({"generate", "--topic"});
  EXPECT_EQ(no_brokers.code, 78);
  EXPECT_THAT(no_brokers.talk, HasSubstr("kafka.brokers"));
  EXPECT_EQ(run_child({"generate", "--topic", "--out", "events.jsonl"}).code, 64);
}

}  // namespace
}  // namespace driftcast
