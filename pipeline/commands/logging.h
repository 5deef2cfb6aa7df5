// Logging: what goes to standard error, as text for people or as JSON Lines for machines.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "pipeline/options.h"

namespace driftcast {

// Makes the logger that everything logs to. Call it again when the options are known better.
void set_up_logging(const LogOptions& options);

// True when each line on standard error is to be a JSON object.
bool logs_json();

// {"time":"2026-02-28T22:59:59.123Z","level":"info","message":"..."}, on one line whatever the message is.
std::string json_log_line(std::chrono::system_clock::time_point time, std::string_view level, std::string_view message);

}  // namespace driftcast
