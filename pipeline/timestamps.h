// RFC 3339 date-times: reading what producers write, writing what subscribers read. Own code because it is hot, must
// not depend on a locale, and because the library's parser accepts more than the standard.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace driftcast {

// What a record may say: from the first on, before the second.
inline constexpr EventTime kEarliestTimestamp = event_time(946'684'800'000);  // 2000-01-01
inline constexpr EventTime kTimestampsEnd = event_time(4'102'444'800'000);    // 2100-01-01

// Accepts "2026-02-28T23:59:59.123+01:00": 'T', 't' or a blank; any number of fraction digits (cut to milliseconds);
// 'Z', 'z' or a numeric offset, which is required. A leap second :60 reads as :59.999. Absent: not such a date-time.
std::optional<EventTime> parse_rfc3339(std::string_view text);

// The same or milliseconds since 1970, as a person types a time; absent also when no record may say it.
std::optional<EventTime> parse_moment(std::string_view text);

// Appends "2026-02-28T22:59:59.123Z"; milliseconds are left out when zero.
void append_rfc3339(std::string& out, EventTime at);
std::string rfc3339(EventTime at);

}  // namespace driftcast
