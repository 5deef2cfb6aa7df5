// The one place that decides what a user id may be, and where pseudonyms would be made.
#pragma once

#include <cstddef>
#include <string_view>

namespace driftcast {

// True for valid UTF-8 text of 1..max_bytes bytes without control characters (a line feed is allowed) and without
// bidirectional overrides, which would garble every place that shows it.
bool well_formed_name(std::string_view text, std::size_t max_bytes);

}  // namespace driftcast
