#include "pipeline/timestamps.h"

#include <algorithm>
#include <charconv>

namespace driftcast {
namespace {

struct Reader {
  std::string_view rest;
  bool ok = true;

  int digits(std::size_t n) {
    int value = 0;
    if (rest.size() < n) return fail();
    for (std::size_t i = 0; i < n; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return fail();
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(n);
    return value;
  }
  char one_of(std::string_view allowed) {
    if (rest.empty() || allowed.find(rest[0]) == std::string_view::npos) {
      fail();
      return '\0';
    }
    const char c = rest[0];
    rest.remove_prefix(1);
    return c;
  }
  int fraction_ms() {
    if (rest.empty() || rest[0] != '.') return 0;
    rest.remove_prefix(1);
    int ms = 0;
    std::size_t n = 0;
    for (; n < rest.size() && rest[n] >= '0' && rest[n] <= '9'; ++n) {
      if (n < 3) ms = ms * 10 + (rest[n] - '0');
    }
    if (n == 0) return fail();
    rest.remove_prefix(n);
    for (; n < 3; ++n) ms *= 10;
    return ms;
  }
  int fail() {
    ok = false;
    return 0;
  }
};

void append_number(std::string& out, unsigned value, std::size_t width) {
  char text[12];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  const auto size = static_cast<std::size_t>(end - text);
  out.append(width > size ? width - size : 0, '0').append(text, size);
}

}  // namespace

std::optional<EventTime> parse_rfc3339(std::string_view text) {
  namespace ch = std::chrono;
  Reader in{text};
  const int year = in.digits(4);
  in.one_of("-");
  const int month = in.digits(2);
  in.one_of("-");
  const int day = in.digits(2);
  in.one_of("Tt ");
  const int hour = in.digits(2);
  in.one_of(":");
  const int minute = in.digits(2);
  in.one_of(":");
  int second = in.digits(2);
  int ms = in.fraction_ms();
  const char zone = in.one_of("Zz+-");
  int offset_minutes = 0;
  if (in.ok && (zone == '+' || zone == '-')) {
    const int hours = in.digits(2);
    in.one_of(":");
    const int minutes = in.digits(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset_minutes = (hours * 60 + minutes) * (zone == '-' ? -1 : 1);
  }
  const ch::year_month_day date{ch::year{year}, ch::month{static_cast<unsigned>(month)},
                                ch::day{static_cast<unsigned>(day)}};
  if (!in.ok || !in.rest.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  if (second == 60) {
    second = 59;
    ms = 999;
  }
  const auto days = ch::sys_days{date}.time_since_epoch();
  return EventTime{ch::duration_cast<Duration>(days) + ch::hours{hour} + ch::minutes{minute - offset_minutes} +
                   ch::seconds{second} + Duration{ms}};
}

std::optional<EventTime> parse_moment(std::string_view text) {
  auto at = parse_rfc3339(text);
  std::int64_t ms = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (failure == std::errc() && end == text.data() + text.size()) at = event_time(ms);
  return at && *at >= kEarliestTimestamp && *at < kTimestampsEnd ? at : std::nullopt;
}

void append_rfc3339(std::string& out, EventTime at) {
  namespace ch = std::chrono;
  const auto day = ch::floor<ch::days>(at.time_since_epoch());
  const ch::year_month_day date{ch::sys_days{day}};
  const ch::hh_mm_ss<Duration> clock{at.time_since_epoch() - day};
  const auto two = [&out](auto value) { append_number(out, static_cast<unsigned>(value), 2); };
  append_number(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  two(static_cast<unsigned>(date.month()));
  out += '-';
  two(static_cast<unsigned>(date.day()));
  out += 'T';
  two(clock.hours().count());
  out += ':';
  two(clock.minutes().count());
  out += ':';
  two(clock.seconds().count());
  if (const auto ms = clock.subseconds().count(); ms != 0) {
    out += '.';
    append_number(out, static_cast<unsigned>(ms), 3);
  }
  out += 'Z';
}

std::string rfc3339(EventTime at) {
  std::string text;
  append_rfc3339(text, at);
  return text;
}

}  // namespace driftcast
