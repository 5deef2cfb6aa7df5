// Catalogue: what the generator's users can look at and buy: categories, items below each, titles, prices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/generator/alias_table.h"
#include "pipeline/generator/random.h"

namespace driftcast {

struct Item {
  std::uint16_t category = 0;
  std::uint16_t number = 0;
};

class Catalogue {
 public:
  static constexpr int kNamed = 24;  // categories with a name of their own; further ones are "books-2", ...

  // Both counts 1..10,000. The first categories are the most popular ones.
  Catalogue(int categories, int items);

  int categories() const { return static_cast<int>(names_.size()); }
  std::string_view category(std::uint16_t category) const { return names_[category]; }

  std::uint16_t draw_category(Random& random) const { return static_cast<std::uint16_t>(popularity_.draw(random)); }
  // Low numbers are more popular.
  Item draw_item(std::uint16_t category, Random& random) const;

  void append_item_id(std::string& out, Item item) const;  // "garden-0113"
  void append_title(std::string& out, Item item) const;    // plain ASCII, nothing to escape
  std::int64_t price_cents(Item item) const;

 private:
  std::uint32_t items_;
  std::vector<std::string> names_;
  AliasTable popularity_;
};

}  // namespace driftcast
