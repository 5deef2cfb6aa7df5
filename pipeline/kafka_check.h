// Would a job on Kafka find there what it needs? Everything that is not as it should be, in one go.
//
// No record is written and no running job is disturbed. The pieces can be asked for alone: kafka_check_topics.h,
// kafka_check_rights.h and kafka_check_sample.h.
#pragma once

#include <vector>

#include "config/settings.h"
#include "core/result.h"
#include "pipeline/finding.h"

namespace driftcast {

// In the order of a job's start. Fails only when no broker answers at all.
Result<std::vector<Finding>> check_kafka(const Settings& settings);

}  // namespace driftcast
