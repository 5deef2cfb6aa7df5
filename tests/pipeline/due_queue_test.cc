#include "pipeline/due_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace driftcast {
namespace {

TEST(DueQueue, HasNobodyDueWhenEmpty) {
  DueQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.first_due(), kEndOfTime);
}

TEST(DueQueue, GivesUsersInTheOrderOfTimeAndName) {
  DueQueue queue;
  queue.push(event_time(20), "bob");
  queue.push(event_time(10), "zoe");
  queue.push(event_time(20), "ann");
  std::string taken;
  while (!queue.empty()) {
    const DueQueue::Entry entry = queue.take();
    taken += entry.user + "@" + std::to_string(millis(entry.due)) + " ";
  }
  EXPECT_EQ(taken, "zoe@10 ann@20 bob@20 ");
}

TEST(DueQueue, TakesEqualEntriesTogetherAndOthersOfTheUserLater) {
  DueQueue queue;
  for (const std::int64_t due : {20, 10, 20, 20}) queue.push(event_time(due), "ann");
  EXPECT_EQ(queue.take().user, "ann");
  EXPECT_EQ(queue.first_due(), event_time(20));
  EXPECT_EQ(queue.take().user, "ann");
  EXPECT_TRUE(queue.empty());
}

TEST(DueQueue, ForgetsEverythingWhenCleared) {
  DueQueue queue;
  queue.push(event_time(1), "ann");
  queue.clear();
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(queue.first_due(), kEndOfTime);
}

// The slow twin is an ordered set.
RC_GTEST_PROP(DueQueue, AgreesWithAnOrderedSet, ()) {
  DueQueue queue;
  std::set<std::pair<EventTime, std::string>> twin;
  const int acts = *rc::gen::inRange(0, 200);
  for (int i = 0; i < acts; ++i) {
    if (*rc::gen::inRange(0, 3) > 0) {
      const EventTime due = event_time(*rc::gen::inRange(0, 6));
      const std::string user = *rc::gen::element<std::string>("ann", "bob", "longname", "longname-2", "longname-10");
      queue.push(due, user);
      twin.emplace(due, user);
    } else if (!twin.empty()) {
      const DueQueue::Entry taken = queue.take();
      RC_ASSERT(std::pair(taken.due, taken.user) == *twin.begin());
      twin.erase(twin.begin());
    }
    RC_ASSERT(queue.empty() == twin.empty());
    RC_ASSERT(queue.first_due() == (twin.empty() ? kEndOfTime : twin.begin()->first));
  }
}

}  // namespace
}  // namespace driftcast
