// KafkaReader: committed records of any partitions, for a person to look at. It joins no group and commits nothing, so
// a job whose topics are read does not notice. One thread at a time.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "core/time.h"
#include "pipeline/kafka_handle.h"
#include "pipeline/options.h"

namespace driftcast {

struct KafkaRecord {
  std::string topic;
  Partition partition = 0;
  Offset offset = 0;
  std::optional<EventTime> timestamp;
  std::optional<std::string> key, value;
};

class KafkaReader {
 public:
  // Connects to nothing yet.
  static Result<KafkaReader> open(const KafkaOptions& options);

  const KafkaClient& client() const { return client_; }

  // Where a partition is read from, and up to where at_end() wants it read; what comes later is read, too.
  struct Stretch {
    std::string topic;
    Partition partition = 0;
    OffsetRange range;
  };
  Result<void> assign(std::span<const Stretch> stretches);

  // The next record of any partition; absent: none came within this time.
  Result<std::optional<KafkaRecord>> poll(Duration wait);
  bool at_end() const;  // of every stretch

 private:
  explicit KafkaReader(KafkaClient client) : client_(std::move(client)) {}

  KafkaClient client_;
  std::map<std::pair<std::string, Partition>, OffsetRange> left_;  // of each stretch
};

}  // namespace driftcast
