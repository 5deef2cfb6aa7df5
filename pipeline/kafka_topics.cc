#include "pipeline/kafka_topics.h"

#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <set>
#include <thread>

#include "pipeline/kafka_handle.h"

namespace driftcast {
namespace {

constexpr int kAnswerMs = 30'000;
constexpr int kBrokersReplication = -1;
constexpr std::chrono::milliseconds kLookAgain{10};
// Of a changelog: the segment that is being written is never compacted, and is read by each restore.
constexpr const char* kSegmentBytes = "67108864";

using NewTopic = KafkaPtr<rd_kafka_NewTopic_t>;
using Event = KafkaPtr<rd_kafka_event_t>;

struct Wanted {
  std::string name;
  int partitions = 0;
  bool changelog = false;
};

Result<NewTopic> new_topic(const Wanted& wanted) {
  std::array<char, 256> why{};
  NewTopic topic(
      rd_kafka_NewTopic_new(wanted.name.c_str(), wanted.partitions, kBrokersReplication, why.data(), why.size()));
  if (!topic) return error(ErrorCode::kConfig, "cannot make topic '" + wanted.name + "': " + why.data());
  if (wanted.changelog) {
    rd_kafka_NewTopic_set_config(topic.get(), "cleanup.policy", "compact");
    rd_kafka_NewTopic_set_config(topic.get(), "segment.bytes", kSegmentBytes);
  }
  return topic;
}

// The controller's verdict. Somebody else may have been faster.
Result<void> verdict(rd_kafka_event_t& event, const std::string& name) {
  const std::string failed = "cannot make topic '" + name + "': ";
  if (rd_kafka_event_error(&event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return error(ErrorCode::kUnavailable, failed + rd_kafka_event_error_string(&event));
  }
  std::size_t count = 0;
  const auto* result = rd_kafka_event_CreateTopics_result(&event);
  const rd_kafka_topic_result_t* topic = rd_kafka_CreateTopics_result_topics(result, &count)[0];
  const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(topic);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return {};
  const char* why = rd_kafka_topic_result_error_string(topic);
  const ErrorCode cause = checked(code, "").error().code;
  return error(cause == ErrorCode::kRestart ? ErrorCode::kCannotCreate : cause,
               failed + (why != nullptr ? why : rd_kafka_err2str(code)));
}

// What the controller has done is known to the brokers a little later.
Result<void> await(const KafkaClient& client, const std::string& name) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{kAnswerMs};
  while (std::chrono::steady_clock::now() < deadline) {
    const auto found = client.find_topic(name);
    if (!found && found.error().code == ErrorCode::kUnavailable) return found.error();
    if (found && *found) return {};
    std::this_thread::sleep_for(kLookAgain);
  }
  return error(ErrorCode::kUnavailable, "the brokers do not know topic '" + name + "' yet, which was just made");
}

Result<void> create(const KafkaClient& client, const Wanted& wanted) {
  auto topic = new_topic(wanted);
  if (!topic) return topic.error();
  const KafkaPtr<rd_kafka_queue_s> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_NewTopic_t* topics = topic->get();
  rd_kafka_CreateTopics(client.get(), &topics, 1, nullptr, queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), kAnswerMs));
  if (!event) return error(ErrorCode::kUnavailable, "cannot make topic '" + wanted.name + "': no answer");
  DRIFTCAST_TRY(verdict(*event, wanted.name));
  spdlog::info("made topic {} with {} partitions", wanted.name, wanted.partitions);
  return await(client, wanted.name);
}

}  // namespace

Result<void> create_topics(const KafkaOptions& options, const TopicOptions& topics) {
  auto client = KafkaClient::make(KafkaClient::Role::kProducer, options, {});
  if (!client) return client.error();
  const auto partitions = client->partitions_of(topics.input);
  if (!partitions) return partitions.error();
  std::set<std::string> outputs = {topics.forecasts, topics.drift, topics.sessions, topics.late, topics.dlq};
  outputs.erase("");  // drift signals that go to the forecasts' topic
  std::vector<Wanted> wanted = {{topics.changelog, *partitions, true}};
  for (const std::string& output : outputs) wanted.push_back({output, *partitions, false});
  for (const Wanted& each : wanted) {
    const auto found = client->find_topic(each.name);
    if (!found) return found.error();
    if (!*found) DRIFTCAST_TRY(create(*client, each));
  }
  return {};
}

}  // namespace driftcast
