#include "pipeline/start.h"

#include "pipeline/timestamps.h"

namespace driftcast {

Result<Start> parse_start(const std::string& text) {
  if (text == "earliest") return Start{Start::kEarliest, {}};
  if (text == "latest") return Start{Start::kLatest, {}};
  if (const auto time = parse_moment(text)) return Start{Start::kTime, *time};
  return error(ErrorCode::kConfig, "'" + text +
                                       "' is no place to start: allowed are earliest, latest, or a time such as "
                                       "2024-03-01T00:00:00Z or epoch milliseconds");
}

}  // namespace driftcast
