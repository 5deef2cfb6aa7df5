// Before a job starts on Kafka: will it be able to do its work there, and will its answers be right?
#pragma once

#include <vector>

#include "config/settings.h"
#include "core/result.h"
#include "pipeline/finding.h"
#include "pipeline/kafka_check_topics.h"
#include "pipeline/kafka_handle.h"

namespace driftcast {

// Fails with all the problems among the findings, one below the other; the warnings are logged. What could not be
// looked at is no reason to refuse anything: then it fails with kUnavailable.
Result<void> judge(const std::vector<Finding>& findings);

// Looks at the topics; before the first run of a group at the newest records of the input, too. Refuses with kConfig, and
// all that is wrong, where a job would fail or its answers would be wrong; what is only suspicious it logs. Fails with
// kUnavailable when no broker answers in time; the first answer is waited for as `wait` says.
Result<void> check_start(const Settings& settings, Outputs outputs, const KafkaClient::Wait& wait);

}  // namespace driftcast
