#include "pipeline/kafka_tick.h"

#include <librdkafka/rdkafka.h>

namespace driftcast {
namespace {

constexpr const char* kDeliveryMs = "15000";  // after which a record is given up
constexpr int kFlushMs = 20'000;              // longer: by then each is written or given up

}  // namespace

Result<int> write_advances(const KafkaOptions& options, const std::string& topic, std::string_view value,
                           const KafkaClient::Wait& wait) {
  int written = 0;
  int failure = RD_KAFKA_RESP_ERR_NO_ERROR;  // of a record that was not written
  KafkaClient::Callbacks callbacks;
  callbacks.delivery = [&](const KafkaClient::Delivery& delivery) {
    delivery.code == 0 ? void(++written) : void(failure = delivery.code);
  };
  auto client = KafkaClient::make(KafkaClient::Role::kProducer, options, {{"message.timeout.ms", kDeliveryMs}},
                                  std::move(callbacks));
  if (!client) return client.error();
  const auto partitions = client->partitions_of(topic, wait);
  if (!partitions) return partitions.error();
  const std::string tried = "write to every partition of topic '" + topic + "'";
  const KafkaPtr<rd_kafka_topic_s> handle(rd_kafka_topic_new(client->get(), topic.c_str(), nullptr));
  for (Partition partition = 0; partition < *partitions; ++partition) {
    const int produced = rd_kafka_produce(handle.get(), partition, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()),
                                          value.size(), nullptr, 0, nullptr);
    if (produced != 0) return checked(rd_kafka_last_error(), tried).error();
  }
  rd_kafka_flush(client->get(), kFlushMs);
  DRIFTCAST_TRY(checked(failure, tried));
  if (written == *partitions) return written;
  return error(ErrorCode::kUnavailable, "cannot " + tried + ": the brokers do not answer");
}

}  // namespace driftcast
