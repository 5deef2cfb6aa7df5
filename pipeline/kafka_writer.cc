#include "pipeline/kafka_writer.h"

#include <librdkafka/rdkafka.h>

namespace driftcast {
namespace {

constexpr int kFullQueueMs = 100;  // pause when the client's queue is full ...
constexpr int kFullQueuePauses = 600;
constexpr int kFlushMs = 60'000;

// The client only reads it, though its parameters do not say so.
void* data_of(std::string_view bytes) { return const_cast<char*>(bytes.data()); }

}  // namespace

Result<std::unique_ptr<KafkaWriter>> KafkaWriter::open(const KafkaOptions& options, const std::string& topic) {
  std::unique_ptr<KafkaWriter> writer(new KafkaWriter());
  DRIFTCAST_TRY(writer->connect(options, topic));
  return writer;
}

Result<void> KafkaWriter::connect(const KafkaOptions& options, const std::string& topic) {
  name_ = topic;
  KafkaClient::Callbacks callbacks;
  callbacks.delivery = [this](const KafkaClient::Delivery& delivery) {
    const auto written = checked(delivery.code, "write to topic '" + name_ + "'");
    if (!written && !lost_) lost_ = written.error();
  };
  auto client = KafkaClient::make(KafkaClient::Role::kProducer, options,
                                  {{"enable.idempotence", "true"},
                                   {"partitioner", "murmur2_random"},  // as of the Java client
                                   {"linger.ms", "20"}},
                                  std::move(callbacks));
  if (!client) return client.error();
  client_ = std::make_unique<KafkaClient>(std::move(*client));
  if (auto partitions = client_->partitions_of(topic); !partitions) return partitions.error();
  topic_.reset(rd_kafka_topic_new(client_->get(), topic.c_str(), nullptr));
  return {};
}

Result<void> KafkaWriter::delivered_so_far() const {
  if (lost_) return *lost_;
  return {};
}

Result<void> KafkaWriter::write(std::string_view key, std::string_view value) {
  for (int pause = 0; pause < kFullQueuePauses; ++pause) {
    const int produced = rd_kafka_produce(topic_.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, data_of(value),
                                          value.size(), key.empty() ? nullptr : data_of(key), key.size(), nullptr);
    const rd_kafka_resp_err_t code = produced == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
    const bool full = code == RD_KAFKA_RESP_ERR__QUEUE_FULL;
    rd_kafka_poll(client_->get(), full ? kFullQueueMs : 0);
    DRIFTCAST_TRY(delivered_so_far());
    if (!full) return checked(code, "write to topic '" + name_ + "'");
  }
  return error(ErrorCode::kUnavailable, "cannot write to topic '" + name_ + "': the brokers take no records");
}

Result<void> KafkaWriter::flush() {
  const int code = rd_kafka_flush(client_->get(), kFlushMs);
  DRIFTCAST_TRY(delivered_so_far());
  return checked(code, "write to topic '" + name_ + "'");
}

}  // namespace driftcast
