// The real program between topics: killed, stopped and robbed of its state, it publishes what a run on the same events
// in a file does, each record once. And what it says when it cannot work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "config/model_directory.h"
#include "core/ids.h"
#include "pipeline/generator/random.h"
#include "pipeline/kafka_topic_config.h"
#include "pipeline/kill_point.h"
#include "tests/pipeline/support/child.h"
#include "tests/pipeline/support/kafka_broker.h"
#include "tests/pipeline/support/kafka_job.h"
#include "tests/pipeline/support/lines_of.h"
#include "tests/support/scratch_dir.h"
#include "tests/support/some_model.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

constexpr int kPartitions = 3;
constexpr const char* kTopicNames[] = {"forecasts", "sessions", "late", "dlq"};

using Arguments = std::vector<std::string>;

std::string user_of(const std::string& line, const std::string& field) {
  const std::string before = "\"" + field + "\":\"";
  const std::size_t begin = line.find(before);
  if (begin == std::string::npos) return "";
  return line.substr(begin + before.size(), line.find('"', begin + before.size()) - begin - before.size());
}

void add_topics(Arguments& arguments, const std::string& prefix) {
  for (const std::string topic : kTopicNames) {
    arguments.insert(arguments.end(), {"--set", "topics." + topic + "=" + prefix + topic});
  }
}

// Events in a file and in a topic of their own, keyed by user; the last records close every partition.
class KafkaRun : public testing::Test {
 protected:
  void SetUp() override {
    static int made = 0;
    prefix_ = "run" + std::to_string(++made) + "-";
    broker_.create_topic(prefix_ + "input", kPartitions);
    const Ended generated = run_child({"generate", "--events", "12000", "--users", "150", "--days", "20", "--late",
                                       "0.01", "--broken", "0", "--seed", "5", "--out", dir_.path("events.jsonl")});
    ASSERT_EQ(generated.code, 0) << generated.talk;
  }

  // What a live topic gets in the n-th of so many pieces; with the last one its time ends.
  void produce_piece(std::size_t n, std::size_t pieces) {
    const std::vector<std::string> events = lines_of(dir_.path("events.jsonl"));
    std::vector<NewRecord> records;
    for (std::size_t i = events.size() * n / pieces; i < events.size() * (n + 1) / pieces; ++i) {
      records.push_back({.key = user_of(events[i], "user_id"), .value = events[i]});
    }
    for (Partition p = 0; p < kPartitions && n + 1 == pieces; ++p) {
      records.push_back({.value = R"({"type":"advance","close":true})", .partition = p});
    }
    broker_.produce(prefix_ + "input", records);
  }

  Arguments kafka_arguments() const {
    Arguments arguments = {"run", "--create-topics", "--until", "end"};
    const std::string sets[] = {"kafka.brokers=" + broker_.brokers(),
                                "kafka.group=" + prefix_ + "group",
                                "kafka.instance=one",
                                "topics.input=" + prefix_ + "input",
                                "topics.changelog=" + prefix_ + "changelog",
                                "state.dir=" + dir_.path("state"),
                                "epoch.interval=0",
                                "source.slice=40",
                                "changelog.interval=100ms"};
    for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
    add_topics(arguments, prefix_);
    add_model(arguments);
    return arguments;
  }

  // From here on all runs have a network.
  void make_model() {
    model_ = dir_.path("model");
    ASSERT_TRUE(write_model(model_, some_model({7, 14, 30})));
  }
  void add_model(Arguments& arguments) const {
    if (!model_.empty()) arguments.insert(arguments.end(), {"--set", "model.dir=" + model_});
  }

  // Values by topic, sorted.
  std::vector<std::vector<std::string>> published_in_files() {
    Arguments arguments = {"run"};
    const std::string sets[] = {"source.path=" + dir_.path("events.jsonl"),
                                "source.partitions=" + std::to_string(kPartitions), "sink.dir=" + dir_.path("out")};
    for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
    add_topics(arguments, "");
    add_model(arguments);
    const Ended ended = run_child(arguments);
    EXPECT_EQ(ended.code, 0) << ended.talk;
    std::vector<std::vector<std::string>> topics;
    for (const std::string topic : kTopicNames) {
      topics.push_back(lines_of(dir_.path("out/" + topic + ".jsonl")));
      std::ranges::sort(topics.back());
    }
    return topics;
  }

  std::vector<std::vector<std::string>> published_in_topics() {
    std::vector<std::vector<std::string>> topics;
    for (const std::string topic : kTopicNames) {
      std::vector<std::string>& values = topics.emplace_back();
      for (const StoredRecord& record : broker_.read_all(prefix_ + topic, Isolation::kReadCommitted)) {
        const bool by_user = topic == "forecasts" || topic == "sessions";
        EXPECT_TRUE(!by_user || record.key == user_of(*record.value, "user")) << *record.value;
        values.push_back(by_user ? record.value.value_or("(null)") : envelope_of(record));
      }
      std::ranges::sort(values);
    }
    return topics;
  }

  ScratchDir dir_;
  KafkaBroker& broker_ = KafkaBroker::shared();
  std::string prefix_, model_;
};

TEST_F(KafkaRun, PublishesWhatARunOnTheSameFileDoes) {
  produce_piece(0, 1);
  const Ended ended = run_child(kafka_arguments());
  ASSERT_EQ(ended.code, 0) << ended.talk;
  const auto files = published_in_files();
  for (std::size_t topic = 0; topic < 3; ++topic) EXPECT_GT(files[topic].size(), 50) << kTopicNames[topic];
  EXPECT_TRUE(files == published_in_topics());
  // At its end it finds nothing more to do, and publishes nothing more.
  EXPECT_EQ(run_child(kafka_arguments()).code, 0);
  EXPECT_TRUE(files == published_in_topics());
}

TEST_F(KafkaRun, MakesAChangelogThatIsCompactedAndSoInSmallSegments) {
  ASSERT_EQ(run_child(kafka_arguments()).code, 0);
  KafkaOptions options;
  options.brokers = broker_.brokers();
  const auto client = KafkaClient::make(KafkaClient::Role::kProducer, options, {});
  ASSERT_TRUE(client) << client.error().message;
  auto changelog = topic_config(*client, prefix_ + "changelog"),
       forecasts = topic_config(*client, prefix_ + "forecasts");
  ASSERT_TRUE(changelog && forecasts);
  EXPECT_EQ((*changelog)["cleanup.policy"], "compact");
  EXPECT_EQ((*forecasts)["cleanup.policy"], "delete");
  EXPECT_LT(std::stoll((*changelog)["segment.bytes"]), std::stoll((*forecasts)["segment.bytes"]));
}

TEST_F(KafkaRun, PublishesTheSameWhenItIsKilledStoppedAndRobbed) {
  constexpr std::size_t kLives = 16;
  Random random(8, 3);
  int killed = 0;
  for (std::size_t life = 0; life < kLives; ++life) {
    produce_piece(life, kLives);
    std::string kill_at;
    std::optional<Interruption> interruption;
#ifdef DRIFTCAST_KILL_POINTS
    if (life % 2 == 0) {
      kill_at = kKillPointNames[life / 2 % kKillPointNames.size()];
      kill_at += ":" + std::to_string(random.between(1, 3));
    }
#endif
    if (kill_at.empty()) interruption = {random.chance(0.7) ? SIGKILL : SIGTERM, random.between(50'000, 200'000)};
    const Ended ended = run_child(kafka_arguments(), kill_at, interruption);
    killed += ended.signal == SIGKILL ? 1 : 0;
    ASSERT_TRUE(ended.code == 0 || ended.signal == SIGKILL || ended.signal == SIGTERM) << ended.code << ended.talk;
    if (random.chance(0.3)) std::filesystem::remove_all(dir_.path("state"));
  }
  const Ended ended = run_child(kafka_arguments());
  ASSERT_EQ(ended.code, 0) << ended.talk;
  EXPECT_GE(killed, 7) << "of so few deaths nothing follows";
  EXPECT_TRUE(published_in_files() == published_in_topics());
}

TEST_F(KafkaRun, PublishesTheSameWithANetworkWhenItIsKilledAndItsStoreIsLost) {
  make_model();
  produce_piece(0, 2);
#ifdef DRIFTCAST_KILL_POINTS
  EXPECT_EQ(run_child(kafka_arguments(), "after_outputs:3").signal, SIGKILL);
  EXPECT_EQ(run_child(kafka_arguments(), "between_stores:2").signal, SIGKILL);
#endif
  std::filesystem::remove_all(dir_.path("state"));
  produce_piece(1, 2);
  const Ended ended = run_child(kafka_arguments());
  ASSERT_EQ(ended.code, 0) << ended.talk;
  const auto files = published_in_files();
  for (const char* const sign : {"\"purchase\":", "\"churn\":", "\"model\":{\"id\":\"network-1\""}) {
    EXPECT_THAT(files[0], Contains(HasSubstr(sign)));
  }
  EXPECT_TRUE(files == published_in_topics());
}

#ifdef DRIFTCAST_WITH_TORCH

// How records are polled differs between a topic and a file; what is learned from them does not.
TEST_F(KafkaRun, TrainsOnATopicTheModelThatItTrainsOnTheSameFile) {
  produce_piece(0, 1);
  const auto hash_of_training = [&](const std::string& out, const Arguments& events) {
    Arguments arguments = {"train",    "--out", dir_.path(out), "--id",          "same", "--hidden", "8",
                           "--epochs", "2",     "--set",        "horizons=1,2,3"};
    arguments.insert(arguments.end(), events.begin(), events.end());
    const Ended ended = run_child(arguments);
    EXPECT_EQ(ended.code, 0) << ended.talk;
    const auto model = read_model(dir_.path(out));
    EXPECT_TRUE(model && model->network);
    return model ? model->models.hash : 0;
  };
  const std::string partitions = "source.partitions=" + std::to_string(kPartitions);
  EXPECT_EQ(hash_of_training("of-topic", {"--topic", prefix_ + "input", "--set", "kafka.brokers=" + broker_.brokers()}),
            hash_of_training("of-file", {"--events", dir_.path("events.jsonl"), "--set", partitions}));
}

#endif

TEST_F(KafkaRun, SaysWhatIsMissing) {
  Arguments arguments = kafka_arguments();
  arguments.insert(arguments.end(), {"--set", "topics.input=" + prefix_ + "no-input"});
  Ended ended = run_child(arguments);
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, HasSubstr("topics.input '" + prefix_ + "no-input' is not there"));
  arguments = kafka_arguments();
  std::erase(arguments, "--create-topics");
  ended = run_child(arguments);
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("topics.forecasts '" + prefix_ + "forecasts' is not there"),
                                HasSubstr("topics.changelog '" + prefix_ + "changelog' is not there")));
}

TEST_F(KafkaRun, RefusesAnInputWhoseUsersItCannotTellApart) {
  broker_.produce(prefix_ + "input", {{.key = "session 1",
                                       .value = R"({"user_id":"ann","item_id":"i","category":"c","event_type":"view",)"
                                                R"("timestamp":1700000000000})"}});
  const Ended ended = run_child(kafka_arguments());
  EXPECT_EQ(ended.code, 78);
  EXPECT_THAT(ended.talk, AllOf(HasSubstr("is not keyed by user"), HasSubstr("'session 1'")));
}

TEST_F(KafkaRun, RefusesAnInputThatCannotBeReplayed) {
  broker_.create_topic(prefix_ + "compacted", kPartitions, {{"cleanup.policy", "compact"}});
  broker_.create_topic(prefix_ + "short", kPartitions, {{"retention.ms", "1000"}});
  for (const auto& [topic, why] :
       {std::pair("compacted", "cannot be replayed"), std::pair("short", "is shorter than changelog.interval")}) {
    Arguments arguments = kafka_arguments();
    arguments.insert(arguments.end(), {"--set", "topics.input=" + prefix_ + topic, "--set", "changelog.interval=10s"});
    const Ended ended = run_child(arguments);
    EXPECT_EQ(ended.code, 78);
    EXPECT_THAT(ended.talk, HasSubstr(why));
  }
}

}  // namespace
}  // namespace driftcast
