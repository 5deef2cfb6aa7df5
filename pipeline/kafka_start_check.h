// Before a job starts on Kafka: will it be able to do its work there, and will its answers be right?
#pragma once

#include "config/settings.h"
#include "core/result.h"

namespace driftcast {

// Looks at the topics; before the first run of a group at the newest records of the input, too. Refuses with kConfig, and
// all that is wrong, where a job would fail or its answers would be wrong; what is only suspicious it logs. Fails with
// kUnavailable when no broker answers in time.
Result<void> check_start(const Settings& settings);

}  // namespace driftcast
