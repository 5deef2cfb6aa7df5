// Explain's words: what is known and expected of a user, in sentences; and the phrases that tables and picture share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "pipeline/explain/trajectory.h"
#include "pipeline/terminal.h"

namespace driftcast {

std::string unit_of(Duration step);                      // "day", "hour", "week", "step of 15m"
std::string span_of(std::int64_t steps, Duration step);  // "7 days", "1 hour", "4 steps of 15m"
std::string date_of(EventTime at, Duration step);        // "2024-02-03"; "2024-02-03 14:05" for steps below a day
std::string amount_of(double events);                    // "0.8", "12", "12,345"
std::string percent_of(double share);                    // "61 %", "below 1 %"

// "mix", "volume": what changed, from what to what. "Interest moved from books to garden on 2024-02-03 (confirmed)."
std::string sentence_of(const Drift& drift, const Activity& activity, const Terminal& terminal);

// Who the user is, what is expected next, what it will be about, and every drift: a paragraph each.
std::vector<std::string> paragraphs_of(const Trajectory& trajectory, const Activity& activity,
                                       const Terminal& terminal);

}  // namespace driftcast
