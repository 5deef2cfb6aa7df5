// KafkaSink: outputs, changelog and offsets of one epoch as one Kafka transaction.
//
// Opening one fences whoever had its transactional id before, and aborts what that had open: of two instances of one
// name only the later can commit. That an instance commits for its own partitions only is seen to by the group's
// membership, which goes with the offsets.
//
// Failures are kRollback, or kRefused for want of a right: then the transaction is aborted, or will be by the next sink.
// A failure whose outcome is not known to the last bit ends this sink: its client is thrown away, so that no late answer
// can touch a later transaction. So does a connection that broke during a commit, and each abort: the client repeats the
// request, and a copy of it may be on its way still. A new sink finds out what was committed. One thread at a time.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
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
                                                 const std::string& transactional_id, int input_partitions);

  bool usable() const { return producer_ != nullptr; }
  bool fenced() const { return fenced_; }  // by the brokers, or by another sink with this transactional id

  Result<void> begin();
  // To the partition of its key. Late and dead letters are the original bytes; why and where from is in their headers.
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
    KafkaPtr<rd_kafka_headers_s> headers = nullptr;
  };

  Result<void> connect(const KafkaOptions& options, const TopicOptions& topics, const std::string& transactional_id,
                       int input_partitions);
  Result<void> open_topics(const TopicOptions& topics, int input_partitions);
  void delivered(const KafkaClient::Delivery& delivery);
  Result<void> produce(rd_kafka_topic_s* topic, Partition to, Record record);
  Record letter(Partition partition, const OutboxRecord& output) const;
  Result<void> in_transaction() const;
  Error failed(const std::string& what, const KafkaFailure& failure) const;
  std::optional<KafkaFailure> why_broken() const;
  Result<void> call(const std::string& tried, const std::function<rd_kafka_error_s*()>& function);

  std::string input_;  // topic that the letters come from
  std::atomic<int> disconnects_{0};
  std::string lost_;         // why a record of this transaction could not be written; empty: none
  Offset mark_offset_ = -1;  // of the mark written last
  bool open_ = false;        // a transaction is
  bool fenced_ = false;
  std::unique_ptr<Producer> producer_;  // null: thrown away
};

}  // namespace driftcast
