// May a job do what it does at the brokers?
#pragma once

#include <vector>

#include "pipeline/finding.h"
#include "pipeline/kafka_handle.h"
#include "pipeline/options.h"

namespace driftcast {

// Reads nothing at the ends of the input and of the changelog, which needs the right to read them. `client` is a
// consumer that has nothing assigned and is told of ends. Topics that are not there or cannot be seen are passed over.
std::vector<Finding> check_reading(const KafkaClient& client, const TopicOptions& topics);

// Asks the brokers to write a record to each topic that a job writes to, on terms that no broker agrees to: but before
// it says so it looks at the rights. Topics that are not there or cannot be seen are passed over.
std::vector<Finding> check_writing(const KafkaClient& client, const KafkaOptions& options, const TopicOptions& topics);

// Prepares transactions under an id of its own, so that a running job is not fenced: the group's with ".check" added.
Finding check_transactions(const KafkaOptions& options);

struct CommittedOffset {
  Partition partition = 0;
  Offset offset = 0;
  std::string text;  // that was committed with it
};
// Those that the group has committed, of so many partitions of the input.
Result<std::vector<CommittedOffset>> committed_offsets(const KafkaClient& client, const PipelineOptions& options,
                                                       int partitions);

// Of how many of so many partitions of the input the group has committed an offset.
Result<int> committed_partitions(const KafkaClient& client, const PipelineOptions& options, int partitions);

// Fetches the offsets that the group has committed.
Finding check_group(const KafkaClient& client, const PipelineOptions& options);

}  // namespace driftcast
