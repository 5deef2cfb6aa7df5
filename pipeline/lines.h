// Reading a text file line by line, plain or gzip: labels, published outputs.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace driftcast {

// Says what is wrong with a line, or nothing. The line comes without its line feed and with kPadding readable bytes
// behind it, and is borrowed for the call.
using LineConsumer = std::function<std::string(std::string_view line)>;

// Hands out every line that is not empty; the first complaint ends the reading: kData, "<path>:<line>: <complaint>".
Result<void> read_lines(const std::string& path, const LineConsumer& consumer);

}  // namespace driftcast
