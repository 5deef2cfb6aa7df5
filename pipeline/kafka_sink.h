// KafkaSink: outputs, changelog and offsets of one epoch as one Kafka transaction.
//
// Opening one takes the group over: whoever had its transactional id before is fenced, and its open transaction is
// aborted. As long as one instance works on all partitions of a group, that id is the group's name: two instances
// cannot both commit, whatever they are called.
//
// An error whose outcome is not known to the last bit ends this sink: its client is thrown away, so that no late answer
// can touch a later transaction, and every call fails with kRestart from then on. A new sink finds out what was
// committed. One thread at a time.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "pipeline/kafka_handle.h"
#include "pipeline/log.h"
#include "pipeline/options.h"

namespace driftcast {

class KafkaSink {
 public:
  // Checks that the topics are there and that the changelog has as many partitions as the input.
  static Result<std::unique_ptr<KafkaSink>> open(const KafkaOptions& options, const TopicOptions& topics,
                                                 int input_partitions);

  Result<void> begin();
  // To the partition of its key; late and dead letters as append_envelope writes them.
  Result<void> write(Partition partition, const Outbox& outbox);
  // Waits until the brokers have the mark: its offset is part of the answer.
  Result<Offset> write_changelog(Partition partition, std::span<const Entry> entries, const Mark& mark);
  // `member`: the group's metadata as it was when the partitions were assigned.
  Result<void> send_offsets(std::span<const OffsetCommit> offsets, const std::string& topic,
                            const rd_kafka_consumer_group_metadata_s& member);
  Result<void> commit();
  Result<void> abort();

 private:
  struct Producer {
    KafkaClient client;
    std::array<KafkaPtr<rd_kafka_topic_s>, kTopics> topics;  // drift may share the forecasts'
    KafkaPtr<rd_kafka_topic_s> changelog;
  };
  struct Record {
    std::optional<std::string_view> key, value;
    void* tag = nullptr;
  };

  Result<void> connect(const KafkaOptions& options, const TopicOptions& topics, int input_partitions);
  Result<void> open_topics(const TopicOptions& topics, int input_partitions);
  void delivered(const KafkaClient::Delivery& delivery);
  Result<void> produce(rd_kafka_topic_s* topic, Partition to, const Record& record);
  Result<void> in_transaction() const;
  Result<void> call(const std::string& tried, const std::function<rd_kafka_error_s*()>& function);

  std::string lost_;                    // why a record of this transaction could not be written; empty: none
  Offset mark_offset_ = -1;             // of the mark written last
  bool open_ = false;                   // a transaction is
  std::unique_ptr<Producer> producer_;  // null: thrown away
};

}  // namespace driftcast
