// KafkaWriter: records into one topic, outside of any transaction: for what fills an input, never for the job itself.
//
// Retries write nothing twice and keep the order of a key. One thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "pipeline/kafka_handle.h"
#include "pipeline/options.h"

namespace driftcast {

class KafkaWriter {
 public:
  // The topic must be there.
  static Result<std::unique_ptr<KafkaWriter>> open(const KafkaOptions& options, const std::string& topic);

  // To the partition of its key, as Kafka's own clients would; an empty key is none, an empty value is one. Waits while
  // the brokers are slower;
  // fails when they take nothing for a minute, or when a record written before could not be delivered.
  Result<void> write(std::string_view key, std::string_view value);
  // Returns when the brokers have everything.
  Result<void> flush();

 private:
  KafkaWriter() = default;
  Result<void> connect(const KafkaOptions& options, const std::string& topic);
  Result<void> delivered_so_far() const;

  std::optional<Error> lost_;  // why a record could not be delivered
  std::string name_;
  std::unique_ptr<KafkaClient> client_;
  KafkaPtr<rd_kafka_topic_s> topic_;  // goes before the client
};

}  // namespace driftcast
