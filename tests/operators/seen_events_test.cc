#include "operators/seen_events.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "core/hash.h"
#include "operators/state_fields.h"
#include "state/codec.h"

namespace driftcast {
namespace {

std::string stored(SeenEvents& seen) {
  ValueEncoder archive(UserState::kFormat);
  fields(archive, seen);
  return std::move(archive).sealed();
}

// The slow twin is a map. Events arrive out of order, by the lateness at most, and crowd together now and then, so that
// the set comes and goes; a copy, which has no set, gives the same answers and the same bytes.
RC_GTEST_PROP(SeenEvents, AgreeWithAMapWhetherFewOrMany, ()) {
  SeenEvents seen;
  SeenEvents copied_often;
  std::map<std::uint64_t, std::int64_t> twin;
  std::int64_t newest = 0;
  const std::int64_t lateness = *rc::gen::inRange(0, 2000);
  const int acts = *rc::gen::inRange(0, 800);
  for (int i = 0; i < acts; ++i) {
    const bool pause = *rc::gen::inRange(0, 100) == 0;
    const std::int64_t at = newest + *rc::gen::inRange<std::int64_t>(-lateness, pause ? 1000 : 5);
    const auto id = *rc::gen::inRange<std::uint64_t>(1, 3000);
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
    if (i % 32 == 0) RC_ASSERT(stored(seen) == stored(copied_often));
  }
}

TEST(SeenEvents, TakeMemoryForTheirSetOnlyWhileTheyAreMany) {
  SeenEvents seen;
  for (std::uint64_t id = 1; id <= 1000; ++id) seen.add(event_time(0), id, event_time(0));
  const std::size_t many = seen.footprint();
  EXPECT_GT(many, 1000 * sizeof(SeenEvent) + 1000 * sizeof(std::uint64_t));
  seen.add(event_time(10), 1, event_time(5));
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen.contains(1, event_time(5)));
  EXPECT_FALSE(seen.contains(2, event_time(5)));
  EXPECT_LE(seen.footprint(), 2048 * sizeof(SeenEvent));
}

// Each user's are shipped again and again: they must be little more than the ids.
TEST(SeenEvents, TakeElevenBytesOrLessForAnIdSecondsApartFromTheNext) {
  SeenEvents seen;
  for (std::int64_t i = 0; i < 1000; ++i) {
    seen.add(event_time(1'704'067'200'000 + 3500 * i), hash64(std::to_string(i)), kBeginningOfTime);
  }
  EXPECT_LE(stored(seen).size(), 1000 * 11U);
}

// A robot's state must not outgrow what a broker takes as one record: its partition would stand still.
TEST(SeenEvents, AreTheNewestOfARobotsAndFitIntoARecord) {
  constexpr std::size_t kMegabyte = 1'000'000;
  SeenEvents seen;
  const auto id = [](std::size_t i) { return hash64(std::to_string(i)); };
  for (std::size_t i = 0; i < 2 * SeenEvents::kMost; ++i) {
    seen.add(event_time(1'704'067'200'000 + static_cast<std::int64_t>(i * 7919 % 3'600'000)), id(i), kBeginningOfTime);
  }
  EXPECT_EQ(seen.size(), SeenEvents::kMost);
  EXPECT_LT(stored(seen).size(), kMegabyte * 7 / 10);
  seen.add(event_time(1'704'080'000'000), id(0), kBeginningOfTime);
  EXPECT_TRUE(seen.contains(id(0), kBeginningOfTime));
  EXPECT_EQ(seen.size(), SeenEvents::kMost);
}

}  // namespace
}  // namespace driftcast
