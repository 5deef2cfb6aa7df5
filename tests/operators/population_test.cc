// Population: what a partition's crowd likes, how much its segments do, and who is suspected of a drift.
#include "operators/population.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>

#include "core/hash.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

void count(Population& population, const std::string& category, Step step, int times = 1) {
  for (int i = 0; i < times; ++i) count_category(population, category, hash64(category), step);
}

double mass_of(const Population& population, const std::string& category) {
  const CrowdCategory* kept = find(population, hash64(category));
  return kept == nullptr ? 0 : kept->mass / population.unit;
}

TEST(Population, PopularityHalvesInSevenSteps) {
  Population population;
  count(population, "books", 0, 100);
  count(population, "music", 7, 50);
  EXPECT_NEAR(mass_of(population, "books"), 50, 1e-9);
  EXPECT_NEAR(popularity(population, hash64("books")), popularity(population, hash64("music")), 1e-9);
  count(population, "music", 14);
  EXPECT_NEAR(mass_of(population, "books"), 25, 1e-9);
}

TEST(Population, EvenTheUnknownIsNotImpossible) {
  Population population;
  EXPECT_GT(popularity(population, hash64("books")), 0);
  count(population, "books", 0, 1000);
  EXPECT_GT(popularity(population, hash64("music")), 0);
  EXPECT_NEAR(popularity(population, hash64("books")) + popularity(population, hash64("music")), 1, 1e-3);
}

TEST(Population, AnOlderStepCountsAsTheNewest) {
  Population population;
  count(population, "books", 5);
  count(population, "music", 3);
  EXPECT_EQ(population.step, 5);
  EXPECT_EQ(mass_of(population, "books"), mass_of(population, "music"));
}

TEST(Population, TheMostPopularAreThoseOfWhenTheStepBegan) {
  Population population;
  for (int c = 0; c < 15; ++c) count(population, "c" + std::to_string(10 + c), 0, 1 + c);
  EXPECT_THAT(population.popular, IsEmpty());
  count(population, "new", 1, 100);
  ASSERT_THAT(population.popular, SizeIs(kPopular));
  EXPECT_EQ(population.popular.front(), hash64("c24"));
  EXPECT_EQ(population.popular.back(), hash64("c15"));
  count(population, "new", 2);
  EXPECT_EQ(population.popular.front(), hash64("new"));
}

TEST(Population, AmongEquallyPopularOnesTheNameDecides) {
  Population population;
  for (const char* category : {"b", "c", "a"}) count(population, category, 0);
  count(population, "b", 1);
  EXPECT_THAT(population.popular, ElementsAre(hash64("a"), hash64("b"), hash64("c")));
}

TEST(Population, TheLeastPopularMakesRoomAndTheTotalStaysExact) {
  Population population;
  for (std::size_t c = 0; c < kCrowdCategories; ++c) count(population, "c" + std::to_string(c), 0, c == 7 ? 1 : 2);
  count(population, "new", 0);
  EXPECT_EQ(find(population, hash64("c7")), nullptr);
  EXPECT_NE(find(population, hash64("new")), nullptr);
  EXPECT_THAT(population.categories, SizeIs(kCrowdCategories));
  EXPECT_EQ(population.total, 2.0 * kCrowdCategories);
}

TEST(Population, TheIndexFollowsFromTheRest) {
  Population population;
  for (int c = 0; c < 700; ++c) count(population, "c" + std::to_string(c), c / 100);
  Population restored = population;
  restored.index.clear();
  rebuild_index(restored);
  for (int c = 0; c < 700; ++c) {
    const std::uint64_t hash = hash64("c" + std::to_string(c));
    EXPECT_EQ(restored.index.find(hash), population.index.find(hash)) << c;
  }
}

TEST(Population, StaysFiniteOverManyYears) {
  Population population;
  for (Step step = 0; step < 100'000; step += 37) count(population, "books", step);
  count(population, "books", 1'000'000'000);
  EXPECT_TRUE(std::isfinite(population.total));
  EXPECT_NEAR(popularity(population, hash64("books")), 0.75, 0.1);
}

// The slow twin weighs every event by 2^(-age / 7).
RC_GTEST_PROP(Population, EqualsADecayedSumOverAllEvents, ()) {
  const auto events = *rc::gen::container<std::vector<std::pair<int, int>>>(rc::gen::pair(
      rc::gen::inRange(0, 6), rc::gen::weightedOneOf<int>({{5, rc::gen::just(0)}, {1, rc::gen::inRange(0, 40)}})));
  Population population;
  std::map<std::string, double> masses;
  double total = 0;
  Step step = 0;
  for (const auto& [category, pause] : events) {
    step += pause;
    const double decay = std::exp2(-pause / 7.0);
    for (auto& [name, mass] : masses) mass *= decay;
    total = total * decay + 1;
    masses["c" + std::to_string(category)] += 1;
    count(population, "c" + std::to_string(category), step);
  }
  RC_ASSERT(std::abs(population.total / population.unit - total) < 1e-9 * (1 + total));
  for (const auto& [name, mass] : masses) RC_ASSERT(std::abs(mass_of(population, name) - mass) < 1e-9 * (1 + mass));
}

TEST(Population, ASegmentsMeanStartsAtThePriorAndFollowsTheSteps) {
  Population population;
  EXPECT_EQ(segment_mean(population, 2, 0.5), 0.5);
  for (int i = 0; i < 200; ++i) count_step(population, 2, 1.5);
  EXPECT_NEAR(segment_mean(population, 2, 0.5), 1, 0.01);
  EXPECT_EQ(segment_mean(population, 3, 0.5), 0.5);
  for (int i = 0; i < 200'000; ++i) count_step(population, 2, 3);
  EXPECT_NEAR(segment_mean(population, 2, 0.5), 3, 0.05);
}

TEST(Population, ACandidateIsWhoCouldBeRejectedAtAll) {
  Population population;
  const auto log_of = [](double e) { return static_cast<float>(std::log(e)); };
  update_candidate(population, "bob", log_of(25), 0.05);
  update_candidate(population, "ann", log_of(100), 0.05);
  update_candidate(population, "eve", log_of(19), 0.05);
  ASSERT_THAT(population.candidates, SizeIs(2));
  EXPECT_EQ(population.candidates[0].user, "ann");
  update_candidate(population, "bob", log_of(30), 0.05);
  EXPECT_EQ(population.candidates[1].log_e, log_of(30));
  update_candidate(population, "ann", log_of(10), 0.05);
  remove_candidate(population, "nobody");
  EXPECT_THAT(population.candidates, SizeIs(1));
  remove_candidate(population, "bob");
  EXPECT_THAT(population.candidates, IsEmpty());
}

TEST(Population, CandidatesAreBounded) {
  Population population;
  for (int i = 0; i < 5000; ++i) update_candidate(population, "u" + std::to_string(i), 10, 0.05);
  EXPECT_THAT(population.candidates, SizeIs(kCandidatesMax));
}

TEST(Population, OneOfManyIsConfirmedOnlyByMoreEvidence) {
  Population population;
  population.monitored = 1000;
  const auto log_of = [](double e) { return static_cast<float>(std::log(e)); };
  const float some = log_of(500);  // 1000 / 0.05 = 20,000 is needed by one alone, half of that by each of two
  update_candidate(population, "ann", some, 0.05);
  EXPECT_FALSE(confirmed(population, some, 0.05));
  update_candidate(population, "ann", log_of(20'001), 0.05);
  EXPECT_TRUE(confirmed(population, log_of(20'001), 0.05));
  for (int i = 0; i < 39; ++i) update_candidate(population, "u" + std::to_string(i), log_of(501), 0.05);
  EXPECT_TRUE(confirmed(population, log_of(501), 0.05));
}

}  // namespace
}  // namespace driftcast
