#include "pipeline/generator/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace driftcast {
namespace {

std::string id(const Catalogue& catalogue, Item item) {
  std::string text;
  catalogue.append_item_id(text, item);
  return text;
}

TEST(Catalogue, NamesEveryCategoryDifferentlyBeyondItsOwnNames) {
  const Catalogue catalogue(100, 1);
  std::set<std::string_view> names;
  for (std::uint16_t c = 0; c < 100; ++c) names.insert(catalogue.category(c));
  EXPECT_EQ(names.size(), 100U);
  EXPECT_EQ(catalogue.category(0), "books");
  EXPECT_EQ(catalogue.category(24), "books-2");
  EXPECT_EQ(catalogue.category(99), "toys-5");
}

TEST(Catalogue, TellsItemsByCategoryAndNumber) {
  const Catalogue catalogue(24, 10'000);
  EXPECT_EQ(id(catalogue, {2, 113}), "garden-0113");
  EXPECT_EQ(id(catalogue, {2, 9999}), "garden-9999");
  std::string title;
  catalogue.append_title(title, {2, 113});
  EXPECT_EQ(title, "Northern trowel 113");
}

TEST(Catalogue, DrawsPopularItemsMoreOftenButNoneBeyondTheLast) {
  const Catalogue catalogue(24, 10);
  Random random(1);
  std::vector<int> seen(10);
  for (int i = 0; i < 10'000; ++i) {
    const Item item = catalogue.draw_item(3, random);
    EXPECT_EQ(item.category, 3);
    ++seen.at(item.number);
  }
  EXPECT_GT(seen[0], 4 * seen[9]);
  EXPECT_GT(seen[9], 0);
}

TEST(Catalogue, DrawsEveryCategoryTheFirstMostOften) {
  const Catalogue catalogue(24, 10);
  Random random(1);
  std::vector<int> seen(24);
  for (int i = 0; i < 10'000; ++i) ++seen.at(catalogue.draw_category(random));
  EXPECT_THAT(seen, testing::Each(testing::Gt(0)));
  EXPECT_GT(seen[0], 3 * seen[23]);
}

TEST(Catalogue, KeepsAnItemsPrice) {
  const Catalogue catalogue(24, 400);
  EXPECT_EQ(catalogue.price_cents({4, 7}), catalogue.price_cents({4, 7}));
  for (std::uint16_t number = 0; number < 400; ++number) {
    const std::int64_t cents = catalogue.price_cents({0, number});  // a typical book costs 14.90
    EXPECT_GE(cents, 890);
    EXPECT_LE(cents, 2690);
    EXPECT_EQ(cents % 10, 9);
  }
}

}  // namespace
}  // namespace driftcast
