// KafkaEnd: the end of a bounded run of a group: has it committed all partitions, whoever of its instances works on them?
#pragma once

#include <map>
#include <string>

#include "pipeline/kafka_reader.h"

namespace driftcast {

class KafkaEnd {
 public:
  // Borrows the client, a member of the group. `ends`: of every partition of the topic.
  static Result<KafkaEnd> open(const KafkaClient& member, const KafkaOptions& options, const std::string& topic,
                               const std::map<Partition, Offset>& ends);

  // Asks the brokers. What they do not tell in time counts as not reached.
  Result<bool> reached();

 private:
  KafkaEnd(const KafkaClient& member, KafkaReader reader, std::string topic, std::map<Partition, Offset> ends)
      : member_(member), reader_(std::move(reader)), topic_(std::move(topic)), left_(std::move(ends)) {}
  Result<bool> holds_no_record(Partition partition, OffsetRange range);

  const KafkaClient& member_;
  KafkaReader reader_;
  std::string topic_;
  std::map<Partition, Offset> left_;  // partitions whose end was not reached when last asked
};

}  // namespace driftcast
