#include "pipeline/kafka_check_rights.h"

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <map>
#include <set>
#include <span>

namespace driftcast {
namespace {

constexpr int kAnswerMs = 30'000;
constexpr int kNewsMs = 100;
constexpr const char* kGiveUpMs = "15000";

using OffsetsRequest = KafkaPtr<rd_kafka_ListConsumerGroupOffsets_t>;
using Event = KafkaPtr<rd_kafka_event_t>;

std::span<const rd_kafka_topic_partition_t> elements(const rd_kafka_topic_partition_list_t& list) {
  return {list.elems, static_cast<std::size_t>(list.cnt)};
}

// An administrator's request: a consumer's own only times out when it has no right to the group.
Event list_offsets(const KafkaClient& client, const std::string& group, const std::string& topic, int partitions) {
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(rd_kafka_topic_partition_list_new(partitions));
  rd_kafka_topic_partition_list_add_range(list.get(), topic.c_str(), 0, partitions - 1);
  const OffsetsRequest request(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), list.get()));
  const KafkaPtr<rd_kafka_queue_s> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_ListConsumerGroupOffsets_t* requests = request.get();
  rd_kafka_ListConsumerGroupOffsets(client.get(), &requests, 1, nullptr, queue.get());
  return Event(rd_kafka_queue_poll(queue.get(), kAnswerMs));
}

// Those of these topics that are there and may be seen.
std::set<std::string> seen_of(const KafkaClient& client, const std::set<std::string>& topics) {
  std::set<std::string> seen;
  for (const std::string& topic : topics) {
    const auto found = client.find_topic(topic);
    if (found && *found) seen.insert(topic);
  }
  return seen;
}

std::set<std::string> written_by_job(const TopicOptions& topics) {
  std::set<std::string> written = {topics.forecasts, topics.drift, topics.sessions,
                                   topics.late,      topics.dlq,   topics.changelog};
  written.erase("");  // drift signals that go to the forecasts' topic
  return written;
}

// For each topic, by an rd_kafka_resp_err_t, whether something may be done with it.
using Verdicts = std::map<std::string, int>;

// A reader at the end of a partition is told so, unless it may not read.
Result<Verdicts> try_reading(const KafkaClient& client, const std::set<std::string>& topics) {
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(rd_kafka_topic_partition_list_new(2));
  Verdicts verdicts;
  for (const std::string& topic : topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0)->offset = RD_KAFKA_OFFSET_END;
    verdicts[topic] = RD_KAFKA_RESP_ERR__TIMED_OUT;
  }
  DRIFTCAST_TRY(client.assign(list.get()));
  std::set<std::string> waiting = topics;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{kAnswerMs};
  while (!waiting.empty() && std::chrono::steady_clock::now() < deadline) {
    const KafkaPtr<rd_kafka_message_s> news(rd_kafka_consumer_poll(client.get(), kNewsMs));
    if (!news || news->rkt == nullptr) continue;
    const std::string topic = rd_kafka_topic_name(news->rkt);
    verdicts[topic] = news->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ? RD_KAFKA_RESP_ERR_NO_ERROR : news->err;
    waiting.erase(topic);
  }
  DRIFTCAST_TRY(client.assign(nullptr));
  return verdicts;
}

// Who asks that two brokers acknowledge is refused by all brokers since 0.9, but only after they have looked at its
// rights.
Result<Verdicts> try_writing(const KafkaOptions& options, const std::set<std::string>& topics) {
  Verdicts verdicts;
  KafkaClient::Callbacks callbacks;
  callbacks.delivery = [&](const KafkaClient::Delivery& delivery) {
    const bool agreed = delivery.code == RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS;
    verdicts[std::string(delivery.topic)] = agreed ? RD_KAFKA_RESP_ERR_NO_ERROR : delivery.code;
  };
  const auto client =
      KafkaClient::make(KafkaClient::Role::kProducer, options,
                        {{"request.required.acks", "2"}, {"message.timeout.ms", kGiveUpMs}}, std::move(callbacks));
  if (!client) return client.error();
  for (const std::string& topic : topics) {
    verdicts[topic] = RD_KAFKA_RESP_ERR__TIMED_OUT;
    const KafkaPtr<rd_kafka_topic_s> handle(rd_kafka_topic_new(client->get(), topic.c_str(), nullptr));
    rd_kafka_produce(handle.get(), 0, 0, nullptr, 0, nullptr, 0, nullptr);
  }
  rd_kafka_flush(client->get(), kAnswerMs);
  return verdicts;
}

// What is wrong, then what is not.
std::vector<Finding> findings_of(const Verdicts& verdicts, const std::string& verb, const std::string& right) {
  std::vector<Finding> findings;
  std::string allowed;
  for (const auto& [topic, code] : verdicts) {
    const auto may = checked(code, verb + " topic '" + topic + "'");
    if (may) allowed += (allowed.empty() ? "" : ", ") + topic;
    if (!may) findings.push_back(problem(may.error().message, "allow " + right + " on it"));
  }
  if (!allowed.empty()) findings.push_back(fine("it is allowed to " + verb + " " + allowed));
  return findings;
}

}  // namespace

Result<std::vector<CommittedOffset>> committed_offsets(const KafkaClient& client, const PipelineOptions& options,
                                                       int partitions) {
  const std::string tried = "fetch the committed offsets of the group '" + options.kafka.group + "'";
  const Event event = list_offsets(client, options.kafka.group, options.topics.input, partitions);
  if (!event) return error(ErrorCode::kUnavailable, "cannot " + tried + ": no answer");
  DRIFTCAST_TRY(checked(rd_kafka_event_error(event.get()), tried));
  std::size_t count = 0;
  const auto* result = rd_kafka_event_ListConsumerGroupOffsets_result(event.get());
  const rd_kafka_group_result_t* answer = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count)[0];
  const rd_kafka_error_t* failure = rd_kafka_group_result_error(answer);
  if (failure != nullptr) DRIFTCAST_TRY(checked(rd_kafka_error_code(failure), tried));
  std::vector<CommittedOffset> committed;
  for (const rd_kafka_topic_partition_t& entry : elements(*rd_kafka_group_result_partitions(answer))) {
    DRIFTCAST_TRY(checked(entry.err, tried));
    if (entry.offset < 0) continue;
    committed.push_back(
        {entry.partition, entry.offset, {static_cast<const char*>(entry.metadata), entry.metadata_size}});
  }
  return committed;
}

Result<int> committed_partitions(const KafkaClient& client, const PipelineOptions& options, int partitions) {
  const auto committed = committed_offsets(client, options, partitions);
  if (!committed) return committed.error();
  return static_cast<int>(committed->size());
}

std::vector<Finding> check_reading(const KafkaClient& client, const TopicOptions& topics) {
  const auto tried = try_reading(client, seen_of(client, {topics.input, topics.changelog}));
  if (!tried) return {problem("the right to read cannot be tried: " + tried.error().message, "")};
  return findings_of(*tried, "read", "Read");
}

std::vector<Finding> check_writing(const KafkaClient& client, const KafkaOptions& options, const TopicOptions& topics) {
  const auto tried = try_writing(options, seen_of(client, written_by_job(topics)));
  if (!tried) return {problem("the right to write cannot be tried: " + tried.error().message, "")};
  return findings_of(*tried, "write to", "Write");
}

Finding check_transactions(const KafkaOptions& options) {
  const std::string id = options.group + ".check";
  const std::string what = "transactions, tried with the transactional id '" + id + "'";
  const std::string advice = "allow Describe and Write on transactional ids that begin with '" + options.group + "'";
  const auto client = KafkaClient::make(KafkaClient::Role::kProducer, options, {{"transactional.id", id}});
  if (!client) return problem(what + ": " + client.error().message, "");
  const auto failure = failure_of(rd_kafka_init_transactions(client->get(), kAnswerMs));
  if (!failure) return fine(what + ", can be used");
  return problem(what + ": " + failure->message, advice);
}

Finding check_group(const KafkaClient& client, const PipelineOptions& options) {
  const std::string group = "kafka.group '" + options.kafka.group + "'";
  const auto found = client.find_topic(options.topics.input);
  const int partitions = found ? found->value_or(1) : 1;  // the rights do not depend on the topic
  const auto committed = committed_partitions(client, options, partitions);
  if (!committed)
    return problem(group + ": " + committed.error().message, "allow Read on this group, and Describe on the input");
  return fine(group + " can be read: it has committed offsets of " + std::to_string(*committed) + " of " +
              std::to_string(partitions) + " partitions");
}

}  // namespace driftcast
