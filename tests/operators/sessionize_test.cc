#include "operators/sessionize.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <tuple>

namespace driftcast {
namespace {

constexpr SessionOptions kOptions{Duration{30}, Duration{1000}};

struct Span {
  std::int64_t start, end, events;
  bool operator==(const Span&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Span& s) {
    return out << "[" << s.start << ", " << s.end << "] x" << s.events;
  }
};

std::vector<OpenSession> fold(const std::vector<std::int64_t>& times, const SessionOptions& options = kOptions) {
  std::vector<OpenSession> sessions;
  for (const std::int64_t ms : times) ++join_session(sessions, event_time(ms), options).events;
  return sessions;
}

std::vector<Span> spans(const std::vector<OpenSession>& sessions) {
  std::vector<Span> result;
  for (const OpenSession& s : sessions) result.push_back({millis(s.start), millis(s.end), s.events});
  return result;
}

// The slow twin: sort all times, cut where the distance exceeds the gap.
std::vector<Span> merged_intervals(std::vector<std::int64_t> times, std::int64_t gap) {
  std::sort(times.begin(), times.end());
  std::vector<Span> result;
  for (const std::int64_t t : times) {
    if (result.empty() || t - result.back().end > gap) {
      result.push_back({t, t, 1});
    } else {
      result.back().end = t;
      ++result.back().events;
    }
  }
  return result;
}

TEST(Sessionize, TakesAnEventExactlyOneGapLaterIntoTheSession) {
  EXPECT_EQ(spans(fold({0, 30})), (std::vector<Span>{{0, 30, 2}}));
  EXPECT_EQ(spans(fold({0, 31})), (std::vector<Span>{{0, 0, 1}, {31, 31, 1}}));
}

TEST(Sessionize, MergesTwoSessionsWhenALateEventBridgesTheGap) {
  EXPECT_EQ(spans(fold({0, 60, 30})), (std::vector<Span>{{0, 60, 3}}));
}

TEST(Sessionize, TakesAnEarlierEventIntoTheSessionBeforeItsStart) {
  EXPECT_EQ(spans(fold({100, 80})), (std::vector<Span>{{80, 100, 2}}));
}

TEST(Sessionize, BeginsANewSessionWhenTheMaximumLengthIsReached) {
  const SessionOptions options{Duration{30}, Duration{50}};
  EXPECT_EQ(spans(fold({0, 25, 50, 75, 100, 101}, options)), (std::vector<Span>{{0, 50, 3}, {75, 101, 3}}));
}

TEST(Sessionize, JoinsTheOldestSessionThatFitsWhenABridgeWouldBeTooLong) {
  const SessionOptions options{Duration{30}, Duration{50}};
  EXPECT_EQ(spans(fold({0, 20, 60, 40}, options)), (std::vector<Span>{{0, 40, 3}, {60, 60, 1}}));
}

TEST(Sessionize, FallsDueOneMillisecondAfterTheLastEventThatCouldExtendIt) {
  const auto sessions = fold({5});
  EXPECT_EQ(session_due(sessions.front(), kOptions), event_time(36));
}

RC_GTEST_PROP(Sessionize, EqualsMergedIntervalsInAnyOrderOfArrival, ()) {
  const auto times = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 600));
  RC_ASSERT(spans(fold(times)) == merged_intervals(times, 30));
}

// The slow twin of the maximum length: sessions are lists of times; one that an event touches takes it, with all that it
// has joined so far, if the whole is not too long; the oldest sessions are asked first.
std::vector<Span> joined_lists(const std::vector<std::int64_t>& times, std::int64_t gap, std::int64_t max) {
  using Times = std::vector<std::int64_t>;
  std::vector<Times> sessions;
  for (const std::int64_t t : times) {
    Times whole{t};
    std::vector<Times> rest;
    std::sort(sessions.begin(), sessions.end());
    for (const Times& session : sessions) {
      Times larger = whole;
      larger.insert(larger.end(), session.begin(), session.end());
      std::sort(larger.begin(), larger.end());
      const bool touched = t >= session.front() - gap && t <= session.back() + gap;
      if (touched && larger.back() - larger.front() <= max) {
        whole = larger;
      } else {
        rest.push_back(session);
      }
    }
    rest.push_back(whole);
    sessions = rest;
  }
  std::vector<Span> result;
  for (const Times& s : sessions) result.push_back({s.front(), s.back(), std::ssize(s)});
  std::sort(result.begin(), result.end(), [](const Span& a, const Span& b) {
    return std::tie(a.start, a.end, a.events) < std::tie(b.start, b.end, b.events);
  });
  return result;
}

RC_GTEST_PROP(Sessionize, EqualsJoinedListsOfTimesWithAMaximumLength, ()) {
  const auto max = *rc::gen::inRange<std::int64_t>(30, 200);
  const auto times = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 400));
  auto found = spans(fold(times, SessionOptions{Duration{30}, Duration{max}}));
  std::sort(found.begin(), found.end(), [](const Span& a, const Span& b) {
    return std::tie(a.start, a.end, a.events) < std::tie(b.start, b.end, b.events);
  });
  RC_ASSERT(found == joined_lists(times, 30, max));
}

RC_GTEST_PROP(Sessionize, NeverLosesAnEventNorExceedsTheMaximum, ()) {
  const SessionOptions options{Duration{30}, Duration{90}};
  const auto times = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 600));
  std::int64_t events = 0;
  for (const Span& span : spans(fold(times, options))) {
    RC_ASSERT(span.end - span.start <= 90);
    events += span.events;
  }
  RC_ASSERT(events == static_cast<std::int64_t>(times.size()));
}

}  // namespace
}  // namespace driftcast
