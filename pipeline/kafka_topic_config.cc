#include "pipeline/kafka_topic_config.h"

#include <librdkafka/rdkafka.h>

namespace driftcast {
namespace {

constexpr int kAnswerMs = 30'000;

using Resource = KafkaPtr<rd_kafka_ConfigResource_t>;
using Event = KafkaPtr<rd_kafka_event_t>;

Event describe(const KafkaClient& client, const std::string& topic) {
  const Resource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const KafkaPtr<rd_kafka_queue_s> queue(rd_kafka_queue_new(client.get()));
  rd_kafka_ConfigResource_t* resources = resource.get();
  rd_kafka_DescribeConfigs(client.get(), &resources, 1, nullptr, queue.get());
  return Event(rd_kafka_queue_poll(queue.get(), kAnswerMs));
}

}  // namespace

Result<std::map<std::string, std::string>> topic_config(const KafkaClient& client, const std::string& topic) {
  const std::string tried = "ask for the settings of topic '" + topic + "'";
  const Event event = describe(client, topic);
  if (!event) return error(ErrorCode::kUnavailable, "cannot " + tried + ": no answer");
  DRIFTCAST_TRY(checked(rd_kafka_event_error(event.get()), tried));
  std::size_t count = 0;
  const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
  const rd_kafka_ConfigResource_t* described = rd_kafka_DescribeConfigs_result_resources(result, &count)[0];
  DRIFTCAST_TRY(checked(rd_kafka_ConfigResource_error(described), tried));
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(described, &count);
  std::map<std::string, std::string> config;
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);  // null: a secret
    if (value != nullptr) config[rd_kafka_ConfigEntry_name(entries[i])] = value;
  }
  return config;
}

}  // namespace driftcast
