// Interests: bounded categories with exact total mass, discounted lazily, against plain sums.
#include "operators/interests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <utility>

#include "core/hash.h"

namespace driftcast {
namespace {

using testing::ElementsAre;

// One event: find or claim the slot, then add. Returns the slot.
int count(Interests& interests, const std::string& category, std::size_t max = 64, float weight = 1,
          bool novel = true) {
  const std::uint64_t hash = hash64(category);
  int slot = find(interests, hash);
  int evicted = kNoSlot;
  if (slot == kNoSlot) slot = claim(interests, category, hash, max, evicted);
  add(interests, slot, weight, novel);
  return slot;
}

std::vector<std::string> names(const Interests& interests) {
  std::vector<std::string> result;
  for (const Interest& slot : interests.slots) result.push_back(slot.category);
  return result;
}

TEST(Interests, KeepsEachCategoryInItsSlot) {
  Interests interests;
  for (const char* category : {"books", "music", "books", "games"}) count(interests, category);
  EXPECT_THAT(names(interests), ElementsAre("books", "music", "games"));
  EXPECT_EQ(interests.slots[0].reference, 2);
  EXPECT_EQ(find(interests, hash64("music")), 1);
  EXPECT_EQ(find(interests, hash64("cars")), kNoSlot);
}

TEST(Interests, GivesTheSlotOfTheLeastLikedToANewcomerAndItsMassToOther) {
  Interests interests;
  for (const char* category : {"books", "books", "music", "games", "games"}) count(interests, category, 3);
  EXPECT_FALSE(interests.capped);
  int evicted = kNoSlot;
  EXPECT_EQ(claim(interests, "cars", hash64("cars"), 3, evicted), 1);
  EXPECT_EQ(evicted, 1);
  add(interests, 1, 1, true);
  EXPECT_TRUE(interests.capped);
  EXPECT_THAT(names(interests), ElementsAre("books", "cars", "games"));
  EXPECT_EQ(interests.other.reference, 1);
  EXPECT_EQ(interests.total.reference, 6);
  EXPECT_EQ(find(interests, hash64("music")), kNoSlot);
}

TEST(Interests, WeighsEventsByKindInTheLevelOnly) {
  Interests interests;
  count(interests, "books", 64, 8);
  count(interests, "music", 64, 1);
  EXPECT_NEAR(interests.slots[0].level / interests.slots[1].level, 8 * 0.97, 1e-5);
  EXPECT_EQ(interests.slots[0].reference, interests.slots[1].reference);
}

TEST(Interests, CountsABasketAsOneOccasion) {
  Interests interests;
  count(interests, "books");
  for (int i = 0; i < 9; ++i) count(interests, "books", 64, 1, false);
  EXPECT_EQ(interests.slots[0].reference, 1);
  EXPECT_EQ(interests.slots[0].recent, interests.recent_unit);
  EXPECT_GT(interests.slots[0].level / interests.level_unit, 8);
}

TEST(Interests, SettlingBringsTheUnitsBackAndDropsWhatHasFaded) {
  Interests interests;
  count(interests, "books");
  for (int i = 0; i < 300; ++i) count(interests, "music");
  settle(interests);
  EXPECT_EQ(interests.level_unit, 1);
  EXPECT_EQ(interests.recent_unit, 1);
  EXPECT_EQ(interests.slots[0].level, 0);
  EXPECT_EQ(interests.slots[0].recent, 0);
  EXPECT_EQ(interests.slots[0].reference, 1);
  EXPECT_EQ(interests.total.level, interests.slots[1].level);
  EXPECT_NEAR(interests.slots[1].level, 1 / (1 - 0.97), 0.01);
}

TEST(Interests, AfterADriftTheReferenceIsMostlyWhatIsRecent) {
  Interests interests;
  for (int i = 0; i < 50; ++i) count(interests, "books");
  for (int i = 0; i < 30; ++i) count(interests, "music");
  forget_reference(interests);
  EXPECT_EQ(interests.slots[0].reference, 10);  // round(0.2 * 50 + 10 * 0.9^30)
  EXPECT_EQ(interests.slots[1].reference, std::round(6 + 10 * (1 - std::pow(0.9, 30))));
  EXPECT_EQ(interests.total.reference, interests.slots[0].reference + interests.slots[1].reference);
}

// The slow twin: every event is remembered, and weighed anew each time.
class Recount {
 public:
  void count(const std::string& category, float weight, bool novel, std::size_t max) {
    for (auto& [name, masses] : kept_) masses.level *= 0.97;
    other_.level *= 0.97;
    if (novel) {
      for (auto& [name, masses] : kept_) masses.recent *= 0.9;
      other_.recent *= 0.9;
    }
    if (find(category) == nullptr) {
      if (kept_.size() == max) evict();
      kept_.push_back({category, {}});
    }
    Sums& masses = *find(category);
    masses.level += weight;
    if (novel) {
      masses.recent += 1;
      masses.reference += 1;
    }
  }

  // True when it was a matter of rounding who was evicted.
  bool tied() const { return tied_; }

  // True when every mass is as in `interests`, but for rounding and for what has faded there.
  bool agrees(const Interests& interests) const {
    if (interests.slots.size() != kept_.size()) return false;
    Sums total = other_;
    const double level_unit = interests.level_unit;
    const double recent_unit = interests.recent_unit;
    for (const Interest& slot : interests.slots) {
      const Sums* mine = find(slot.category);
      if (mine == nullptr || !close(slot.level / level_unit, mine->level) ||
          !close(slot.recent / recent_unit, mine->recent) || slot.reference != static_cast<float>(mine->reference)) {
        return false;
      }
      total.level += mine->level;
      total.recent += mine->recent;
      total.reference += mine->reference;
    }
    return close(interests.total.level / level_unit, total.level) &&
           close(interests.total.recent / recent_unit, total.recent) &&
           interests.total.reference == static_cast<float>(total.reference) &&
           interests.other.reference == static_cast<float>(other_.reference);
  }

 private:
  struct Sums {
    double level = 0, recent = 0, reference = 0;
  };

  static bool close(double a, double b) { return std::abs(a - b) < 0.01 + 1e-3 * b; }
  const Sums* find(const std::string& category) const {
    for (const auto& [name, masses] : kept_) {
      if (name == category) return &masses;
    }
    return nullptr;
  }
  Sums* find(const std::string& category) { return const_cast<Sums*>(std::as_const(*this).find(category)); }
  void evict() {
    std::size_t least = 0;
    for (std::size_t i = 1; i < kept_.size(); ++i) {
      if (kept_[i].second.level < kept_[least].second.level) least = i;
    }
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      tied_ |= i != least && close(kept_[i].second.level, kept_[least].second.level);
    }
    other_.level += kept_[least].second.level;
    other_.recent += kept_[least].second.recent;
    other_.reference += kept_[least].second.reference;
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(least));
  }

  std::vector<std::pair<std::string, Sums>> kept_;
  Sums other_;
  bool tied_ = false;
};

// Weights are not whole numbers, so that two levels are seldom alike.
RC_GTEST_PROP(Interests, EqualPlainSumsOverAllEvents, ()) {
  const auto max = *rc::gen::inRange<std::size_t>(1, 6);
  const auto events = *rc::gen::container<std::vector<std::tuple<int, int, bool, bool>>>(
      rc::gen::tuple(rc::gen::inRange(0, 9), rc::gen::inRange(1, 1000), rc::gen::arbitrary<bool>(),
                     rc::gen::weightedElement<bool>({{9, false}, {1, true}})));
  Interests interests;
  Recount recount;
  for (const auto& [category, weight, novel, closes_step] : events) {
    const std::string name = "c" + std::to_string(category);
    const float exact = static_cast<float>(weight) * 0.01F + 1;
    count(interests, name, max, exact, novel);
    recount.count(name, exact, novel, max);
    if (closes_step) settle(interests);
  }
  RC_PRE(!recount.tied());
  RC_ASSERT(recount.agrees(interests));
}

TEST(Interests, StayFiniteAndExactOverAHundredThousandEvents) {
  Interests interests;
  for (int i = 0; i < 100'000; ++i) count(interests, i % 3 == 0 ? "books" : "music", 64, 1000);
  EXPECT_EQ(interests.total.reference, 100'000);
  EXPECT_NEAR(interests.total.level / interests.level_unit, 1000 / 0.03, 5);
  EXPECT_NEAR(interests.total.recent / interests.recent_unit, 10, 0.01);
}

}  // namespace
}  // namespace driftcast
