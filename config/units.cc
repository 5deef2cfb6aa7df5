#include "config/units.h"

#include <charconv>
#include <cmath>
#include <span>
#include <utility>

namespace driftcast {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// What distinguishes durations from sizes: units from small to large, and the words of the messages.
struct Scale {
  std::span<const Unit> units;
  std::string_view noun;
  std::string_view names;
  std::string_view examples[3];  // units proposed when one is missing
};

constexpr Unit kDurationUnits[] = {{"ms", 1},       {"s", 1000},       {"m", 60'000},
                                   {"h", 3600'000}, {"d", 86'400'000}, {"w", 604'800'000}};
constexpr Unit kSizeUnits[] = {
    {"B", 1}, {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40}};
constexpr Scale kDurations{kDurationUnits, "duration", "ms, s, m, h, d and w", {"s", "m", "h"}};
constexpr Scale kSizes{kSizeUnits, "size", "B, KiB, MiB, GiB and TiB", {"B", "KiB", "MiB"}};

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

Error refused(std::string message) { return error(ErrorCode::kConfig, std::move(message)); }

Error no_unit(std::string_view number, const Scale& scale) {
  const std::string digits(number);
  return refused(quoted(number) + " has no unit: write " + digits + std::string(scale.examples[0]) + ", " + digits +
                 std::string(scale.examples[1]) + " or " + digits + std::string(scale.examples[2]));
}

Error not_one(std::string_view text, const Scale& scale) {
  return refused(quoted(text) + " is not a " + std::string(scale.noun) + ": write a whole number and a unit, one of " +
                 std::string(scale.names));
}

Result<std::int64_t> parse_scaled(std::string_view text, const Scale& scale) {
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, count);
  if (failure != std::errc{}) return not_one(text, scale);
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  if (name.empty()) {
    if (count == 0) return std::int64_t{0};
    return no_unit(text, scale);
  }
  for (const Unit& unit : scale.units) {
    if (unit.name != name) continue;
    std::int64_t value = 0;
    if (__builtin_mul_overflow(count, unit.factor, &value)) return refused(quoted(text) + " is too large");
    return value;
  }
  return not_one(text, scale);
}

std::string format_scaled(std::int64_t value, std::span<const Unit> units) {
  if (value == 0) return "0";
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

template <class Number>
std::string shortest(Number value) {
  char buffer[64];
  const auto written = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, written.ptr);
}

}  // namespace

Result<std::int64_t> parse_duration(std::string_view text) { return parse_scaled(text, kDurations); }

Result<std::int64_t> parse_size(std::string_view text) { return parse_scaled(text, kSizes); }

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || rest != end) return refused(quoted(text) + " is not a whole number");
  return value;
}

Result<double> parse_number(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || rest != end || !std::isfinite(value)) return refused(quoted(text) + " is not a number");
  return value;
}

std::string format_duration(std::int64_t milliseconds) {
  constexpr std::size_t kWithoutWeeks = 5;  // "14d" reads better than "2w"
  return format_scaled(milliseconds, std::span(kDurationUnits).first<kWithoutWeeks>());
}

std::string format_size(std::int64_t bytes) { return format_scaled(bytes, kSizeUnits); }

std::string format_number(double value) {
  const bool countable = value == std::floor(value) && std::abs(value) < 1e9;  // 200000, not 2e+05
  return countable ? std::to_string(static_cast<std::int64_t>(value)) : shortest(value);
}

std::string format_number(float value) { return shortest(value); }

}  // namespace driftcast
