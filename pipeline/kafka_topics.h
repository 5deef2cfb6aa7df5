// Makes the topics a job writes to.
#pragma once

#include "core/result.h"
#include "pipeline/options.h"

namespace driftcast {

// Makes those that are missing, with as many partitions as the input has and the brokers' own replication; the changelog
// compacted. The input must be there. Returns when the brokers know all of them.
Result<void> create_topics(const KafkaOptions& options, const TopicOptions& topics);

}  // namespace driftcast
