// Would a job go on with what its group has left behind?
#pragma once

#include <optional>

#include "pipeline/finding.h"
#include "pipeline/kafka_handle.h"
#include "pipeline/options.h"
#include "pipeline/refusals.h"

namespace driftcast {

// Holds each committed offset against what the job would go on with; where there is none, nothing may be in the changelog.
// The first partition that a job would refuse is told; nothing: topics are not there, or the group cannot be read.
std::optional<Finding> check_states(const KafkaClient& client, const PipelineOptions& options, const Making& now);

}  // namespace driftcast
