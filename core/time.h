// Kinds of time. Event time is what the data says; it is the only time operators know.
//
// EventTime counts milliseconds since the Unix epoch on the events' own clock. It does not convert to or from the
// process clocks of pipeline/clock.h: subtracting across clocks does not compile.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace driftcast {

using Duration = std::chrono::milliseconds;

struct EventClock {  // never asked for now(): events bring their time along
  using rep = std::int64_t;
  using period = std::milli;
  using duration = Duration;
  using time_point = std::chrono::time_point<EventClock>;
  static constexpr bool is_steady = false;
};

using EventTime = std::chrono::time_point<EventClock, Duration>;

constexpr EventTime event_time(std::int64_t ms) { return EventTime{Duration{ms}}; }
constexpr std::int64_t millis(EventTime at) { return at.time_since_epoch().count(); }

// Before every event; far enough from the limits that adding a lateness or a gap cannot overflow.
inline constexpr EventTime kBeginningOfTime = event_time(std::numeric_limits<std::int64_t>::min() / 4);
inline constexpr EventTime kEndOfTime = event_time(std::numeric_limits<std::int64_t>::max() / 4);

using Step = std::int64_t;  // number of a step on the grid, may be negative

// Cuts event time into steps of equal width, aligned to UTC plus an offset. Step s covers [start(s), end(s)).
struct StepGrid {
  Duration width{std::chrono::days{1}};
  Duration offset{0};

  constexpr Step step_of(EventTime at) const {
    const std::int64_t ms = millis(at) - offset.count();
    const std::int64_t quotient = ms / width.count();
    return ms % width.count() < 0 ? quotient - 1 : quotient;
  }
  constexpr EventTime start(Step step) const { return event_time(step * width.count()) + offset; }
  constexpr EventTime end(Step step) const { return start(step + 1); }
  // Place of a step in a season of seven: the weekday (Monday = 0) when steps are days, else a running seventh.
  constexpr int season(Step step) const {
    const Step shifted = width == std::chrono::days{1} ? step + 3 : step;  // 1970-01-01 was a Thursday
    return static_cast<int>(((shifted % 7) + 7) % 7);
  }
};

}  // namespace driftcast
