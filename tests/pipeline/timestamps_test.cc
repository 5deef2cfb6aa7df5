// RFC 3339 date-times against slow twins: the calendar of std::chrono for reading, gmtime for writing.
#include "pipeline/timestamps.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdio>
#include <ctime>

namespace driftcast {
namespace {

constexpr std::int64_t kFirst = 946'684'800'000;     // 2000-01-01
constexpr std::int64_t kBeyond = 4'133'980'800'000;  // 2101-01-01

std::string printed(const char* format, auto... values) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, format, values...);
  return {text, static_cast<std::size_t>(size)};
}

// A date-time with an offset, put together by the C library.
std::string by_gmtime(std::int64_t ms, int offset_minutes, int digits, char between) {
  const std::int64_t local_ms = ms + offset_minutes * 60'000LL;
  const std::time_t seconds = local_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::string text = printed("%04d-%02d-%02d%c%02d:%02d:%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                             between, parts.tm_hour, parts.tm_min, parts.tm_sec);
  if (digits > 0)
    text += "." + printed("%03d000000", static_cast<int>(local_ms % 1000)).substr(0, static_cast<std::size_t>(digits));
  if (offset_minutes == 0) return text + "Z";
  return text + printed("%c%02d:%02d", offset_minutes < 0 ? '-' : '+', std::abs(offset_minutes) / 60,
                        std::abs(offset_minutes) % 60);
}

RC_GTEST_PROP(Timestamps, ReadsWhatTheCalendarSays, ()) {
  namespace ch = std::chrono;
  const int year = *rc::gen::inRange(2000, 2101);
  const auto month = *rc::gen::inRange(1U, 13U);
  const auto day = *rc::gen::inRange(1U, 32U);
  const int hour = *rc::gen::inRange(0, 24), minute = *rc::gen::inRange(0, 60), second = *rc::gen::inRange(0, 60);
  const int ms = *rc::gen::inRange(0, 1000);
  const int offset = *rc::gen::inRange(-1439, 1440);
  const std::string text = printed("%04d-%02u-%02uT%02d:%02d:%02d.%03d%c%02d:%02d", year, month, day, hour, minute,
                                   second, ms, offset < 0 ? '-' : '+', std::abs(offset) / 60, std::abs(offset) % 60);
  const ch::year_month_day date{ch::year{year}, ch::month{month}, ch::day{day}};
  if (!date.ok()) {
    RC_ASSERT(!parse_rfc3339(text).has_value());
    return;
  }
  const auto local =
      ch::sys_days{date} + ch::hours{hour} + ch::minutes{minute} + ch::seconds{second} + ch::milliseconds{ms};
  RC_ASSERT(parse_rfc3339(text) == event_time((local - ch::minutes{offset}).time_since_epoch().count()));
}

RC_GTEST_PROP(Timestamps, ReadsEveryFormOfAMoment, ()) {
  const auto ms = *rc::gen::inRange(kFirst, kBeyond);
  const int digits = *rc::gen::inRange(0, 10);
  const std::string text = by_gmtime(ms, *rc::gen::inRange(-1439, 1440), digits, *rc::gen::element('T', 't', ' '));
  const std::int64_t units[] = {1000, 100, 10, 1};
  const std::int64_t unit = units[std::min(digits, 3)];
  RC_ASSERT(parse_rfc3339(text) == event_time(ms / unit * unit));
}

RC_GTEST_PROP(Timestamps, WritesWhatTheCLibraryWrites, ()) {
  const auto ms = *rc::gen::inRange(kFirst, kBeyond);
  RC_ASSERT(rfc3339(event_time(ms)) == by_gmtime(ms, 0, ms % 1000 == 0 ? 0 : 3, 'T'));
  RC_ASSERT(parse_rfc3339(rfc3339(event_time(ms))) == event_time(ms));
}

TEST(Timestamps, WritesMomentsBefore1970) {
  EXPECT_EQ(rfc3339(event_time(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(rfc3339(event_time(-86'400'000)), "1969-12-31T00:00:00Z");
}

TEST(Timestamps, ReadsEveryDayOfACentury) {
  namespace ch = std::chrono;
  int days = 0;
  for (ch::sys_days day = ch::sys_days{ch::year{2000} / 1 / 1}; day < ch::sys_days{ch::year{2100} / 1 / 1};
       day += ch::days{1}, ++days) {
    const ch::year_month_day date{day};
    const std::string text = printed("%04d-%02u-%02uT00:00:00Z", static_cast<int>(date.year()),
                                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    ASSERT_EQ(parse_rfc3339(text), event_time(ch::milliseconds(day.time_since_epoch()).count())) << text;
  }
  EXPECT_EQ(days, 36'525);
}

TEST(Timestamps, ReadsALeapSecondAsTheLastMillisecondBeforeIt) {
  EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), parse_rfc3339("2016-12-31T23:59:59.999Z"));
  EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60.7Z"), parse_rfc3339("2016-12-31T23:59:59.999Z"));
  EXPECT_EQ(parse_rfc3339("2017-01-01T00:59:60+01:00"), parse_rfc3339("2016-12-31T23:59:59.999Z"));
  EXPECT_FALSE(parse_rfc3339("2016-12-31T23:59:61Z"));
}

TEST(Timestamps, RefusesWhatIsNotADateTime) {
  for (const char* text : {"",
                           "2024",
                           "2024-01-15",
                           "2024-01-15T12:00:00",
                           "2024-01-15T12:00:00z0",
                           "2024-01-15T12:00Z",
                           "2024-1-15T12:00:00Z",
                           "24-01-15T12:00:00Z",
                           "12024-01-15T12:00:00Z",
                           "+2024-01-15T12:00:00Z",
                           "2024-00-15T12:00:00Z",
                           "2024-13-15T12:00:00Z",
                           "2024-01-00T12:00:00Z",
                           "2024-01-32T12:00:00Z",
                           "2024-02-30T12:00:00Z",
                           "2023-02-29T12:00:00Z",
                           "2100-02-29T12:00:00Z",
                           "2024-04-31T12:00:00Z",
                           "2024-01-15T24:00:00Z",
                           "2024-01-15T12:60:00Z",
                           "2024-01-15T12:00:00.Z",
                           "2024-01-15T12:00:00,5Z",
                           "2024-01-15T12:00:00+1:00",
                           "2024-01-15T12:00:00+0100",
                           "2024-01-15T12:00:00+24:00",
                           "2024-01-15T12:00:00+01:60",
                           "2024-01-15T12:00:00+01",
                           "2024-01-15T12:00:00 Z",
                           " 2024-01-15T12:00:00Z",
                           "2024-01-15T12:00:00Z ",
                           "2024/01/15T12:00:00Z",
                           "2024-01-15_12:00:00Z",
                           "2024-01-15T12:00:00Zulu",
                           "2024-01-15T12:00:-1Z",
                           "2024-01-15T12:00:00.-1Z",
                           "0x24-01-15T12:00:00Z",
                           "20240115T120000Z",
                           "1705320000000",
                           "yesterday"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Timestamps, ReadsAMomentAsAPersonTypesIt) {
  const EventTime noon = event_time(1'709'294'400'000);
  EXPECT_EQ(parse_moment("2024-03-01T13:00:00+01:00"), noon);
  EXPECT_EQ(parse_moment("1709294400000"), noon);
  EXPECT_EQ(parse_moment("946684800000"), kEarliestTimestamp);
  for (const char* wrong : {"", "noon", "2024-03-01", "1709294400000ms", "946684799999", "4102444800000"}) {
    EXPECT_EQ(parse_moment(wrong), std::nullopt) << wrong;
  }
}

RC_GTEST_PROP(Timestamps, SurvivesAnyBytes, ()) {
  std::string text = "2024-01-15T12:00:00.123+01:30";
  text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
  text.resize(*rc::gen::inRange<std::size_t>(0, text.size() + 1));
  if (const auto at = parse_rfc3339(text)) RC_ASSERT(parse_rfc3339(rfc3339(*at)) == at);
}

}  // namespace
}  // namespace driftcast
