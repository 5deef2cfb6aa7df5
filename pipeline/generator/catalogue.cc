#include "pipeline/generator/catalogue.h"

#include <array>

#include "pipeline/json_text.h"

namespace driftcast {
namespace {

struct Shelf {
  std::string_view category, noun;
  std::int64_t typical_cents;
};

// clang-format off
constexpr std::array<Shelf, Catalogue::kNamed> kShelves = {{
    {"books", "novel", 1490},      {"kitchen", "saucepan", 3490}, {"garden", "trowel", 1890},
    {"toys", "puzzle", 1990},      {"shoes", "sneaker", 6990},    {"music", "record", 2290},
    {"coffee", "roast", 1290},     {"pets", "dog basket", 3990},  {"games", "board game", 3290},
    {"camping", "sleeping bag", 7990}, {"bikes", "pedal set", 4490}, {"lamps", "reading lamp", 4990},
    {"tools", "screwdriver", 1590}, {"yoga", "mat", 2990},        {"bags", "backpack", 5990},
    {"tea", "oolong", 990},        {"photo", "tripod", 8990},     {"wine", "riesling", 1190},
    {"plants", "fern", 1690},      {"baby", "blanket", 2490},     {"watches", "wrist watch", 14990},
    {"paint", "watercolour set", 2790}, {"fishing", "reel", 6490}, {"art", "etching", 19990},
}};

// clang-format on

constexpr std::array<std::string_view, 16> kAdjectives = {"Quiet", "Northern", "Amber",   "Plain", "Little", "Sturdy",
                                                          "Early", "Velvet",   "Coastal", "Swift", "Hollow", "Bright",
                                                          "Old",   "Folding",  "Silver",  "Woven"};

const Shelf& shelf(std::uint16_t category) { return kShelves[category % kShelves.size()]; }

std::vector<std::uint64_t> popularity(int categories) {
  std::vector<std::uint64_t> weights;
  weights.reserve(static_cast<std::size_t>(categories));
  for (int c = 0; c < categories; ++c) weights.push_back(static_cast<std::uint64_t>(1'000'000 / (c + 6)));
  return weights;
}

}  // namespace

Catalogue::Catalogue(int categories, int items)
    : items_(static_cast<std::uint32_t>(items)), popularity_(popularity(categories)) {
  for (int c = 0; c < categories; ++c) {
    std::string name(shelf(static_cast<std::uint16_t>(c)).category);
    if (c >= kNamed) name += "-" + std::to_string(c / kNamed + 1);
    names_.push_back(std::move(name));
  }
}

Item Catalogue::draw_item(std::uint16_t category, Random& random) const {
  const double u = random.unit();
  return {category, static_cast<std::uint16_t>(u * u * items_)};
}

void Catalogue::append_item_id(std::string& out, Item item) const {
  out.append(names_[item.category]) += '-';
  for (int digit = 1000; digit > 0; digit /= 10) out += static_cast<char>('0' + item.number / digit % 10);
}

void Catalogue::append_title(std::string& out, Item item) const {
  out.append(kAdjectives[item.number % kAdjectives.size()]) += ' ';
  out.append(shelf(item.category).noun) += ' ';
  append_json_number(out, static_cast<std::int64_t>(item.number));
}

std::int64_t Catalogue::price_cents(Item item) const {
  const std::uint64_t chance = scramble(std::uint64_t{item.category} << 16 | item.number);
  const std::int64_t cents = shelf(item.category).typical_cents * static_cast<std::int64_t>(60 + chance % 120) / 100;
  return cents - cents % 10 + 9;
}

}  // namespace driftcast
