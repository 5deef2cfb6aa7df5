#include "pipeline/generator/audience.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

namespace driftcast {
namespace {

GeneratorOptions small() {
  GeneratorOptions options;
  options.users = 2000;
  options.days = 40;
  return options;
}

std::string name_of(const Audience& audience, std::uint32_t user) {
  std::string text;
  audience.append_name(text, user);
  return text;
}

TEST(Preference, FavoursItsCategoriesAndTriesEveryOtherNowAndThen) {
  const Catalogue catalogue(24, 10);
  Random random(1);
  const Preference likes = Preference::draw(catalogue, random);
  std::map<std::uint16_t, int> seen;
  for (int i = 0; i < 100'000; ++i) ++seen[likes.draw_category(catalogue, random)];
  EXPECT_EQ(seen.size(), 24U);
  int favoured = 0;
  for (const auto& [category, times] : seen) favoured += likes.favours(category) ? times : 0;
  EXPECT_GT(favoured, 92'000);  // 92 %, and what falls on them by chance
  EXPECT_LT(favoured, 96'000);
}

TEST(Preference, NamesItsTopCategoriesMostLikedFirst) {
  const Catalogue catalogue(24, 10);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    const Preference likes = Preference::draw(catalogue, random);
    std::map<std::uint16_t, int> seen;
    for (int i = 0; i < 20'000; ++i) ++seen[likes.draw_category(catalogue, random)];
    const std::vector<std::uint16_t> top = likes.top();
    ASSERT_GE(top.size(), 2U) << "seed " << seed;
    for (std::size_t i = 1; i < top.size(); ++i) {
      EXPECT_GT(seen[top[i - 1]] + 600, seen[top[i]]) << "seed " << seed;  // equal shares may come out either way
    }
  }
}

TEST(Preference, IsTurnedToCategoriesThatWereNotFavoured) {
  const Catalogue catalogue(24, 10);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Preference before = Preference::draw(catalogue, random);
    const Preference after = Preference::draw_other(before, catalogue, random);
    for (const std::uint16_t category : after.top()) EXPECT_FALSE(before.favours(category)) << "seed " << seed;
  }
}

TEST(Preference, WorksWithTheFewestCategories) {
  const Catalogue catalogue(4, 1);
  Random random(1);
  const Preference before = Preference::draw(catalogue, random);
  const Preference after = Preference::draw_other(before, catalogue, random);
  EXPECT_EQ(before.top().size(), 2U);
  EXPECT_EQ(after.top().size(), 2U);
}

TEST(Audience, GivesEveryUserAName) {
  const GeneratorOptions options = small();
  const Audience audience(options, Catalogue(24, 10));
  std::set<std::string> names;
  for (std::uint32_t user = 0; user < audience.size(); ++user) names.insert(name_of(audience, user));
  EXPECT_EQ(names.size(), 2000U);
  EXPECT_EQ(*names.begin(), "u000000");
  EXPECT_EQ(*names.rbegin(), "u001999");
}

TEST(Audience, DrawsAUserFourTimesAsOftenOrAQuarterAfterAVolumeChange) {
  GeneratorOptions options = small();
  options.drift_share = 0.5;
  options.drift_volume = 1;
  const Catalogue catalogue(24, 10);
  const Audience audience(options, catalogue);
  const auto drawn = [&](int day, std::uint32_t user) {
    Random random(5);
    const Hour hour{day, 1, 10};
    int times = 0;
    for (int i = 0; i < 400'000; ++i) times += audience.draw(hour, random) == user ? 1 : 0;
    return times * audience.activity(hour);  // as often as that in an hour, in a unit of its own
  };
  int checked = 0;
  for (std::uint32_t user = 0; user < 40 && checked < 2; ++user) {
    if (audience.change(user) != PlantedKind::kVolume) continue;
    const auto day = static_cast<int>((audience.changes_at(user) - options.start) / std::chrono::days{1});
    const double ratio = drawn(day, user) / drawn(day - 1, user);
    EXPECT_NEAR(std::log(ratio), std::log(audience.rises(user) ? 4 : 0.25), 0.2) << "user " << user;
    ++checked;
  }
  EXPECT_EQ(checked, 2);
}

// An hour's activity is what there is to share among users: where it is right, one who stays as he is does as much as
// ever, however many others come, pause, double and halve around him.
TEST(Audience, LeavesASteadyUserAloneWhateverTheOthersDo) {
  GeneratorOptions options = small();
  options.drift_share = 0.5;
  options.drift_volume = 1;
  const Audience audience(options, Catalogue(24, 10));
  const auto done_by_the_steady = [&](int day) {
    Random random(static_cast<std::uint64_t>(day));
    const Hour hour{day, 1, 10};
    int times = 0;
    for (int i = 0; i < 400'000; ++i) {
      const std::uint32_t user = audience.draw(hour, random);
      const bool always_there = audience.present_since(user, options.start, options.start);
      times += always_there && audience.change(user) == PlantedKind::kSteady ? 1 : 0;
    }
    return times * audience.activity(hour);
  };
  const double at_first = done_by_the_steady(0);
  for (const int day : {10, 18, 25, 39}) EXPECT_NEAR(done_by_the_steady(day) / at_first, 1, 0.02) << "day " << day;
}

TEST(Audience, DrawsNobodyWhoHasNotComeOrHasGoneQuiet) {
  const GeneratorOptions options = small();
  const Audience audience(options, Catalogue(24, 10));
  Random random(3);
  for (const int day : {0, 5, 20, 39}) {
    const EventTime noon = options.start + std::chrono::days{day} + std::chrono::hours{12};
    for (int i = 0; i < 20'000; ++i) {
      const std::uint32_t user = audience.draw({day, day % 7, 12}, random);
      EXPECT_TRUE(audience.present_since(user, noon, noon)) << name_of(audience, user) << " on day " << day;
    }
  }
}

TEST(Audience, HasUsersWhoComeLaterPauseAndDrift) {
  const GeneratorOptions options = small();
  const Audience audience(options, Catalogue(24, 10));
  const auto noon = [&](int day) { return options.start + std::chrono::days{day} + std::chrono::hours{12}; };
  std::map<PlantedKind, int> kinds;
  int there_at_first = 0, back = 0;
  for (std::uint32_t user = 0; user < audience.size(); ++user) {
    ++kinds[audience.change(user)];
    there_at_first += audience.present_since(user, noon(0), noon(0)) ? 1 : 0;
    if (audience.change(user) != PlantedKind::kQuiet) continue;
    const EventTime end = audience.pause_ends(user);
    EXPECT_GT(end, audience.changes_at(user));
    EXPECT_FALSE(audience.present_since(user, audience.changes_at(user), audience.changes_at(user)));
    back += end == kEndOfTime ? 0 : 1;
  }
  EXPECT_NEAR(there_at_first, 1200, 150);
  EXPECT_NEAR(kinds[PlantedKind::kMix] + kinds[PlantedKind::kVolume], 100, 40);
  EXPECT_GT(kinds[PlantedKind::kQuiet], 150);
  EXPECT_GT(back, kinds[PlantedKind::kQuiet] / 3);
  EXPECT_LT(back, kinds[PlantedKind::kQuiet]);
}

TEST(Audience, LikesOtherThingsFromTheVeryMomentOfItsDrift) {
  GeneratorOptions options = small();
  options.drift_share = 1;
  options.drift_volume = 0;
  const Audience audience(options, Catalogue(24, 10));
  const EventTime at = audience.changes_at(3);
  EXPECT_EQ(audience.likes(3, at - Duration{1}).top(), audience.likes_before(3).top());
  EXPECT_EQ(audience.likes(3, at).top(), audience.likes_after(3).top());
  EXPECT_NE(audience.likes_before(3).top(), audience.likes_after(3).top());
}

TEST(Audience, IsBusierOnATuesdayMorningThanOnASunday) {
  const Audience audience(small(), Catalogue(24, 10));
  const auto morning = [&](int weekday) { return audience.activity({20, weekday, 10}); };  // of one and the same day
  EXPECT_GT(morning(1), 1.2 * morning(6));
}

}  // namespace
}  // namespace driftcast
