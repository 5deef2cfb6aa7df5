#include "operators/seen_events.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <utility>
#include <vector>

namespace driftcast {
namespace {

// What a codec would store.
std::vector<std::pair<std::int64_t, std::uint64_t>> stored(SeenEvents seen) {
  std::vector<std::pair<std::int64_t, std::uint64_t>> entries;
  const auto archive = [&](const std::vector<SeenEvent>& values) {
    for (const SeenEvent& value : values) entries.emplace_back(millis(value.at), value.id);
  };
  fields(archive, seen);
  return entries;
}

// The slow twin is a map. Events arrive out of order, by the lateness at most, and crowd together now and then, so that
// the index comes and goes; a copy, which has no index, gives the same answers and the same bytes.
RC_GTEST_PROP(SeenEvents, AgreeWithAMapWhetherFewOrMany, ()) {
  SeenEvents seen;
  SeenEvents copied_often;
  std::map<std::uint64_t, std::int64_t> twin;
  std::int64_t newest = 0;
  const std::int64_t lateness = *rc::gen::inRange(0, 400);
  const int acts = *rc::gen::inRange(0, 600);
  for (int i = 0; i < acts; ++i) {
    const bool pause = *rc::gen::inRange(0, 100) == 0;
    const std::int64_t at = newest + *rc::gen::inRange<std::int64_t>(-lateness, pause ? 1000 : 5);
    const auto id = *rc::gen::inRange<std::uint64_t>(1, 1000);
    const std::int64_t watermark = newest - lateness;
    const bool known = twin.contains(id) && twin[id] >= watermark;
    RC_ASSERT(seen.contains(id, event_time(watermark)) == known);
    RC_ASSERT(copied_often.contains(id, event_time(watermark)) == known);
    if (known) continue;
    newest = std::max(newest, at);
    const EventTime moved = event_time(newest - lateness);
    seen.add(event_time(at), id, moved);
    copied_often.add(event_time(at), id, moved);
    copied_often = SeenEvents(copied_often);
    twin[id] = at;
    std::erase_if(twin, [&](const auto& entry) { return entry.second < newest - lateness; });
    RC_ASSERT(seen.size() == twin.size());
    RC_ASSERT(stored(seen) == stored(copied_often));
  }
}

TEST(SeenEvents, TakeMemoryForTheirIndexOnlyWhileTheyAreMany) {
  SeenEvents seen;
  for (std::uint64_t id = 1; id <= 1000; ++id) seen.add(event_time(0), id, event_time(0));
  const std::size_t many = seen.footprint();
  EXPECT_GT(many, 1000 * sizeof(SeenEvent) + 1000 * sizeof(void*));
  seen.add(event_time(10), 1, event_time(5));
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen.contains(1, event_time(5)));
  EXPECT_FALSE(seen.contains(2, event_time(5)));
  EXPECT_LE(seen.footprint(), 2048 * sizeof(SeenEvent));
}

}  // namespace
}  // namespace driftcast
