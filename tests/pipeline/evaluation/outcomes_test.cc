#include "pipeline/evaluation/outcomes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <tuple>

namespace driftcast {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t kAnn = 1, kBob = 2, kTea = 10, kMilk = 11, kSalt = 12;

Event event_of(std::uint64_t user, std::uint64_t category, Kind kind = Kind::kView, double amount = 0) {
  Event event;
  event.user_hash = user;
  event.category_hash = category;
  event.kind = kind;
  event.amount = amount;
  return event;
}

std::vector<std::int64_t> category_events(const Outcomes& outcomes, std::uint64_t user, Step first, Step last,
                                          const std::vector<std::uint64_t>& categories) {
  std::vector<std::int64_t> events(categories.size(), -1);
  outcomes.category_events(user, first, last, categories, events);
  return events;
}

TEST(Outcomes, BothEndsOfARangeBelongToIt) {
  Outcomes outcomes;
  for (Step step = 1; step <= 5; ++step) outcomes.accepted(event_of(kAnn, kTea), step);
  EXPECT_EQ(outcomes.events(kAnn, 2, 4), 3);
  EXPECT_EQ(outcomes.events(kAnn, 3, 3), 1);
  EXPECT_EQ(outcomes.events(kAnn, 4, 3), 0);
  EXPECT_EQ(outcomes.events(kAnn, 6, 9), 0);
}

TEST(Outcomes, OnlyPurchasesArePurchasesButEverythingIsAnEvent) {
  Outcomes outcomes;
  for (const Kind kind : {Kind::kView, Kind::kCart, Kind::kPurchase, Kind::kReturn}) {
    outcomes.accepted(event_of(kAnn, kTea, kind), 3);
  }
  EXPECT_EQ(outcomes.events(kAnn, 3, 3), 4);
  EXPECT_EQ(outcomes.purchases(kAnn, 3, 3), 1);
}

TEST(Outcomes, ALateEventIsCountedInItsOwnStep) {
  Outcomes outcomes;
  outcomes.accepted(event_of(kAnn, kTea, Kind::kPurchase, 5), 7);
  outcomes.accepted(event_of(kAnn, kMilk), 4);
  outcomes.accepted(event_of(kAnn, kTea, Kind::kReturn, -2), 7);
  outcomes.accepted(event_of(kAnn, kSalt), 4);
  EXPECT_EQ(outcomes.events(kAnn, 4, 4), 2);
  EXPECT_EQ(outcomes.events(kAnn, 5, 7), 2);
  ASSERT_EQ(outcomes.steps(kAnn).size(), 2U);
  EXPECT_EQ(outcomes.steps(kAnn)[0].step, 4);
  EXPECT_EQ(outcomes.steps(kAnn)[1].amount, 3);
  EXPECT_EQ(outcomes.first_step(), 4);
  EXPECT_EQ(outcomes.last_step(), 7);
  EXPECT_EQ(outcomes.users(), 1U);
}

TEST(Outcomes, CategoriesAreAnsweredInTheOrderInWhichTheyAreAsked) {
  Outcomes outcomes;
  outcomes.accepted(event_of(kAnn, kMilk), 1);
  outcomes.accepted(event_of(kAnn, kTea), 1);
  outcomes.accepted(event_of(kAnn, kMilk), 2);
  outcomes.accepted(event_of(kAnn, kMilk), 3);
  EXPECT_THAT(category_events(outcomes, kAnn, 1, 2, {kTea, kSalt, kMilk}), ElementsAre(1, 0, 2));
}

TEST(Outcomes, AUserWhoWasNeverSeenDidNothing) {
  Outcomes outcomes;
  EXPECT_EQ(outcomes.first_step(), std::nullopt);
  EXPECT_EQ(outcomes.last_step(), std::nullopt);
  outcomes.accepted(event_of(kAnn, kTea), -3);
  EXPECT_EQ(outcomes.events(kBob, -9, 9), 0);
  EXPECT_TRUE(outcomes.steps(kBob).empty());
  EXPECT_THAT(category_events(outcomes, kBob, -9, 9, {kTea}), ElementsAre(0));
  EXPECT_EQ(outcomes.last_step(), -3);
}

// Against a list of everything that happened.
RC_GTEST_PROP(Outcomes, AnswersAsACountOfAllEventsWould, ()) {
  using Row = std::tuple<std::uint64_t, std::uint64_t, Step, bool>;  // user, category, step, purchase
  const auto small = rc::gen::inRange<std::uint64_t>(0, 3);
  const auto rows = *rc::gen::container<std::vector<Row>>(
      rc::gen::tuple(small, small, rc::gen::inRange<Step>(-5, 6), rc::gen::arbitrary<bool>()));
  const auto user = *small;
  const auto category = *small;
  const auto first = *rc::gen::inRange<Step>(-7, 8);
  const auto last = *rc::gen::inRange<Step>(-7, 8);
  Outcomes outcomes;
  std::int64_t events = 0;
  std::int64_t purchases = 0;
  std::int64_t of_category = 0;
  for (const auto& [who, what, step, bought] : rows) {
    outcomes.accepted(event_of(who, what, bought ? Kind::kPurchase : Kind::kView), step);
    if (who != user || step < first || step > last) continue;
    ++events;
    purchases += bought ? 1 : 0;
    of_category += what == category ? 1 : 0;
  }
  RC_ASSERT(outcomes.events(user, first, last) == events);
  RC_ASSERT(outcomes.purchases(user, first, last) == purchases);
  RC_ASSERT(category_events(outcomes, user, first, last, {category, 99}) == (std::vector{of_category, 0L}));
}

}  // namespace
}  // namespace driftcast
