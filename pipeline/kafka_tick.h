// Tick: moves the time of every partition of a topic by a record, where no event does.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "pipeline/kafka_handle.h"
#include "pipeline/options.h"

namespace driftcast {

// Writes a record with this value (see advance_value) and no key to each partition of the topic, and waits until the
// brokers have all of them. Returns how many partitions there are. When it fails, some may have their record already:
// a second one does no harm, since time never goes back. The first answer is waited for as `wait` says.
Result<int> write_advances(const KafkaOptions& options, const std::string& topic, std::string_view value,
                           const KafkaClient::Wait& wait = {});

}  // namespace driftcast
