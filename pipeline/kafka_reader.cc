#include "pipeline/kafka_reader.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>

namespace driftcast {
namespace {

std::optional<std::string> bytes_of(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

KafkaRecord record_of(const rd_kafka_message_t& message) {
  return {rd_kafka_topic_name(message.rkt),
          message.partition,
          message.offset,
          timestamp_of(message),
          bytes_of(message.key, message.key_len),
          bytes_of(message.payload, message.len)};
}

}  // namespace

Result<KafkaReader> KafkaReader::open(const KafkaOptions& options) {
  auto client = KafkaClient::make(KafkaClient::Role::kConsumer, options,
                                  {{"group.id", options.group},  // needed to assign, never joined
                                   {"enable.auto.commit", "false"},
                                   {"enable.partition.eof", "true"},
                                   {"isolation.level", "read_committed"},
                                   {"auto.offset.reset", "earliest"},  // when records are deleted while they are read
                                   {"fetch.wait.max.ms", "50"},
                                   {"queued.max.messages.kbytes", "16384"}});
  if (!client) return client.error();
  return KafkaReader(std::move(*client));
}

Result<void> KafkaReader::assign(std::span<const Stretch> stretches) {
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(stretches.size())));
  left_.clear();
  for (const auto& [topic, partition, range] : stretches) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = range.begin;
    left_[{topic, partition}] = range;
  }
  return client_.assign(list.get());
}

Result<std::optional<KafkaRecord>> KafkaReader::poll(Duration wait) {
  const KafkaPtr<rd_kafka_message_s> message(rd_kafka_consumer_poll(client_.get(), static_cast<int>(wait.count())));
  if (!message) return std::optional<KafkaRecord>();
  const bool end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
  if (!end && message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const std::string topic = message->rkt != nullptr ? rd_kafka_topic_name(message->rkt) : "";
    return checked(message->err, "read topic '" + topic + "'").error();
  }
  Offset& next = left_[{rd_kafka_topic_name(message->rkt), message->partition}].begin;
  next = std::max(next, end ? message->offset : message->offset + 1);
  return end ? std::optional<KafkaRecord>() : record_of(*message);
}

bool KafkaReader::at_end() const {
  return std::all_of(left_.begin(), left_.end(), [](const auto& each) { return each.second.begin >= each.second.end; });
}

}  // namespace driftcast
