#include "pipeline/kafka_check_rights.h"

#include <librdkafka/rdkafka.h>

#include <span>

namespace driftcast {
namespace {

constexpr int kAnswerMs = 30'000;

template <auto destroy>
struct Destroy {
  void operator()(auto* thing) const { destroy(thing); }
};
using OffsetsRequest =
    std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t, Destroy<rd_kafka_ListConsumerGroupOffsets_destroy>>;
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

}  // namespace

Result<int> committed_partitions(const KafkaClient& client, const PipelineOptions& options, int partitions) {
  const std::string tried = "fetch its committed offsets";
  const Event event = list_offsets(client, options.kafka.group, options.topics.input, partitions);
  if (!event) return error(ErrorCode::kUnavailable, "cannot " + tried + ": no answer");
  DRIFTCAST_TRY(checked(rd_kafka_event_error(event.get()), tried));
  std::size_t count = 0;
  const auto* result = rd_kafka_event_ListConsumerGroupOffsets_result(event.get());
  const rd_kafka_group_result_t* answer = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count)[0];
  const rd_kafka_error_t* failure = rd_kafka_group_result_error(answer);
  if (failure != nullptr) DRIFTCAST_TRY(checked(rd_kafka_error_code(failure), tried));
  int committed = 0;
  for (const rd_kafka_topic_partition_t& entry : elements(*rd_kafka_group_result_partitions(answer))) {
    DRIFTCAST_TRY(checked(entry.err, tried));
    committed += entry.offset >= 0 ? 1 : 0;
  }
  return committed;
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
