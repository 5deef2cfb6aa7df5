#include "pipeline/start.h"

#include <charconv>

#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

std::optional<EventTime> epoch_milliseconds(const std::string& text) {
  std::int64_t ms = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return event_time(ms);
}

}  // namespace

Result<Start> parse_start(const std::string& text) {
  if (text == "earliest") return Start{Start::kEarliest, {}};
  if (text == "latest") return Start{Start::kLatest, {}};
  auto time = parse_rfc3339(text);
  if (!time) time = epoch_milliseconds(text);
  if (time && *time >= kBeginningOfTime && *time < kEndOfTime) return Start{Start::kTime, *time};
  return error(ErrorCode::kConfig, "'" + text +
                                       "' is no place to start: allowed are earliest, latest, or a time such as "
                                       "2024-03-01T00:00:00Z or epoch milliseconds");
}

}  // namespace driftcast
