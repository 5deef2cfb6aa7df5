// KafkaJob: the topics and the group of one job on the shared broker, and what a reader of them sees.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/settings.h"
#include "pipeline/kafka_log.h"
#include "pipeline/outbox.h"
#include "tests/pipeline/support/kafka_broker.h"

namespace driftcast {

// A late or dead letter as the envelope that a file would hold: all that this says is in its headers.
std::string envelope_of(const StoredRecord& letter);

// The log of an instance that holds its partitions; null, and a failed expectation, when it cannot be had.
std::unique_ptr<KafkaLog> open_log(const Settings& settings, Until until = Until::kEnd);

class KafkaJob {
 public:
  // Makes topics of its own. Input and changelog have so many partitions, the others one. All dials are those of
  // `settings` but for what has to do with Kafka.
  explicit KafkaJob(int partitions, const Settings& settings = {}, KafkaBroker& broker = KafkaBroker::shared());

  const Settings& settings() const { return settings_; }
  // What the program must be told to find its brokers, group and topics.
  std::vector<std::string> arguments() const;
  void produce(const std::vector<NewRecord>& records) { broker_.produce(input(), records); }
  KafkaTransaction begin(const std::vector<NewRecord>& records) { return broker_.begin(input(), records); }

  // "key value" of each record that a reader of committed ones sees, by offset; late and dead letters as the envelope
  // that a file would hold.
  std::vector<std::string> outputs(Topic topic) const;

 private:
  const std::string& input() const { return settings_.pipeline.topics.input; }

  KafkaBroker& broker_;
  Settings settings_;
};

// Of a group in this generation; negative: of one that it has not joined.
KafkaPtr<rd_kafka_consumer_group_metadata_s> membership_of(int generation);

}  // namespace driftcast
