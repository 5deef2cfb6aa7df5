// May a job do what it does at the brokers?
#pragma once

#include "pipeline/finding.h"
#include "pipeline/kafka_handle.h"
#include "pipeline/options.h"

namespace driftcast {

// Prepares transactions under an id of its own, so that a running job is not fenced: the group's with ".check" added.
Finding check_transactions(const KafkaOptions& options);

// Of how many of so many partitions of the input the group has committed an offset.
Result<int> committed_partitions(const KafkaClient& client, const PipelineOptions& options, int partitions);

// Fetches the offsets that the group has committed.
Finding check_group(const KafkaClient& client, const PipelineOptions& options);

}  // namespace driftcast
