// The settings of a topic, as the brokers apply them.
#pragma once

#include <map>
#include <string>

#include "pipeline/kafka_handle.h"

namespace driftcast {

// Of a topic that is there: names and values, also of those that come from a broker's defaults.
Result<std::map<std::string, std::string>> topic_config(const KafkaClient& client, const std::string& topic);

}  // namespace driftcast
