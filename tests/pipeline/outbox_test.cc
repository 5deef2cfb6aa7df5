#include "pipeline/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace driftcast {
namespace {

using testing::ElementsAre;

std::vector<std::string> values(const Outbox& outbox) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < outbox.size(); ++i) values.emplace_back(outbox[i].value);
  return values;
}

TEST(Outbox, GivesBackWhatWasAdded) {
  Outbox outbox;
  EXPECT_TRUE(outbox.empty());
  std::string bytes = "value";
  outbox.add(Topic::kDeadLetters, {7, 2}, "key", bytes, Reason::kWrongType, "/user_id");
  outbox.add(Topic::kSessions, {8, 0}, "", "");
  bytes.assign("other");
  EXPECT_EQ(outbox.size(), 2U);
  EXPECT_EQ(outbox.bytes(), 16U);
  const OutboxRecord letter = outbox[0];
  EXPECT_EQ(letter.topic, Topic::kDeadLetters);
  EXPECT_EQ(letter.reason, Reason::kWrongType);
  EXPECT_EQ(letter.position, (Position{7, 2}));
  EXPECT_EQ(letter.key, "key");
  EXPECT_EQ(letter.value, "value");
  EXPECT_EQ(letter.field, "/user_id");
  EXPECT_EQ(outbox[1].topic, Topic::kSessions);
  EXPECT_EQ(outbox[1].reason, Reason::kNone);
  EXPECT_EQ(outbox[1].key, "");
  EXPECT_EQ(outbox[1].value, "");
}

TEST(Outbox, MergesByPositionAndTheFirstStageGoesFirst) {
  Outbox fold, judge, merged;
  fold.add(Topic::kSessions, {1, 0}, "", "session 1.0");
  fold.add(Topic::kSessions, {1, 2}, "", "session 1.2");
  fold.add(Topic::kDrift, {3, 0}, "", "drift 3.0");
  judge.add(Topic::kForecasts, {0, 5}, "", "forecast 0.5");
  judge.add(Topic::kForecasts, {1, 2}, "", "forecast 1.2");
  judge.add(Topic::kForecasts, {1, 2}, "", "forecast 1.2 again");
  judge.add(Topic::kForecasts, {4, 0}, "", "forecast 4.0");
  merged.merge(fold, judge);
  EXPECT_THAT(values(merged), ElementsAre("forecast 0.5", "session 1.0", "session 1.2", "forecast 1.2",
                                          "forecast 1.2 again", "drift 3.0", "forecast 4.0"));
}

TEST(Outbox, AppendsAMergeToWhatItHolds) {
  Outbox first, second, third, merged;
  first.add(Topic::kSessions, {1, 0}, "", "a");
  second.add(Topic::kForecasts, {2, 0}, "", "b");
  merged.merge(first, Outbox());
  merged.merge(Outbox(), second);
  merged.merge(third, third);
  EXPECT_THAT(values(merged), ElementsAre("a", "b"));
}

// The order of a topic's records must not depend on where parcels were cut.
RC_GTEST_PROP(Outbox, CutsAnywhereGiveTheSameOrder, ()) {
  struct Output {
    Position position;
    bool judge;
    std::string value;
  };
  std::vector<Output> all;
  Position position;
  const int count = *rc::gen::inRange(0, 40);
  for (int i = 0; i < count; ++i) {
    const int step = *rc::gen::inRange(0, 4);
    if (step == 1) ++position.ordinal;
    if (step == 2) position = {position.next_offset + 1, 0};
    all.push_back({position, *rc::gen::arbitrary<bool>(), std::to_string(i)});
  }
  Outbox merged;
  for (auto begin = all.begin(); begin != all.end();) {
    auto end = begin + 1;  // a cut lies between two positions, never within one
    while (end != all.end() && (end->position == (end - 1)->position || *rc::gen::arbitrary<bool>())) ++end;
    Outbox fold, judge;
    for (auto each = begin; each != end; ++each)
      (each->judge ? judge : fold).add(Topic::kDrift, each->position, "", each->value);
    merged.merge(fold, judge);
    begin = end;
  }
  std::stable_sort(all.begin(), all.end(), [](const Output& a, const Output& b) {
    return std::pair(a.position, a.judge) < std::pair(b.position, b.judge);
  });
  std::vector<std::string> expected;
  for (const Output& output : all) expected.push_back(output.value);
  RC_ASSERT(values(merged) == expected);
}

}  // namespace
}  // namespace driftcast
