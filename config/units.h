// Durations, sizes and numbers as text, both ways. Formatting is canonical: equal values give equal text, and what is
// formatted reads back as the same value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace driftcast {

// Milliseconds of "25ms", "10s", "30m", "1h", "1d", "2w", a leading minus allowed. Only zero may go without a unit.
Result<std::int64_t> parse_duration(std::string_view text);
// Bytes of "512B", "64KiB", "8MiB", "1GiB", "1TiB". Only zero may go without a unit.
Result<std::int64_t> parse_size(std::string_view text);
Result<std::int64_t> parse_integer(std::string_view text);
// Finite numbers only.
Result<double> parse_number(std::string_view text);

// In the largest unit that is exact.
std::string format_duration(std::int64_t milliseconds);
std::string format_size(std::int64_t bytes);
// The shortest text that reads back as the same number.
std::string format_number(double value);
std::string format_number(float value);

}  // namespace driftcast
