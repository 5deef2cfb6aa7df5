#include "config/members.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/units.h"

namespace driftcast {
namespace {

std::string allowed(Range range) {
  const std::string low = format_number(range.low), high = format_number(range.high);
  return range.above_low ? "allowed are numbers above " + low + ", up to " + high
                         : "allowed are numbers from " + low + " to " + high;
}

template <class Number>
bool lies_in(Number value, Range range) {
  const auto low = static_cast<Number>(range.low), high = static_cast<Number>(range.high);
  return (range.above_low ? value > low : value >= low) && value <= high;
}

// The whole text, or false. Too large for the type is false, too.
template <class Number>
bool read_all(std::string_view text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  return failure == std::errc{} && rest == end;
}

}  // namespace

Members::Members(const Value& object, std::string where, std::vector<Problem>& problems)
    : object_(object), where_(std::move(where)), problems_(problems) {
  std::set<std::string_view> seen;
  for (const auto& [key, value] : object_.members) {
    if (!seen.insert(key).second) problems_.push_back({below(key), "is written twice", value.place});
  }
}

std::string Members::below(std::string_view key) const {
  const bool plain = !key.empty() && key.size() <= 64 && std::ranges::all_of(key, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
  });
  const std::string name = plain ? std::string(key) : quoted_name(key);
  return where_.empty() ? name : where_ + "." + name;
}

const Value* Members::take(std::string_view key) {
  taken_.insert(key);
  const Value* value = object_.find(key);
  if (value == nullptr) problems_.push_back({below(key), "is missing", object_.place});
  return value;
}

const Value* Members::take(std::string_view key, Shape shape) {
  const Value* value = take(key);
  if (value == nullptr || value->shape == shape) return value;
  report(key, "expected " + std::string(shape_name(shape)) + ", got " + std::string(shape_name(value->shape)));
  return nullptr;
}

void Members::finish() {
  for (const auto& [key, value] : object_.members) {
    if (!taken_.contains(key)) problems_.push_back({below(key), "is not known here", value.place});
  }
}

void Members::report(std::string_view key, std::string what) {
  const Value* value = object_.find(key);
  problems_.push_back({below(key), std::move(what), value == nullptr ? object_.place : value->place});
}

std::string Members::text(std::string_view key) {
  const Value* value = take(key, Shape::kString);
  return value == nullptr ? std::string() : value->text;
}

bool Members::boolean(std::string_view key) {
  const Value* value = take(key, Shape::kBoolean);
  return value != nullptr && value->text == "true";
}

std::int64_t Members::integer(std::string_view key, std::int64_t low, std::int64_t high) {
  const Value* value = take(key, Shape::kNumber);
  if (value == nullptr) return 0;
  std::int64_t number = 0;
  if (read_all(value->text, number) && number >= low && number <= high) return number;
  report(key, quoted_name(value->text) + " is not allowed: it must be a whole number from " + std::to_string(low) +
                  " to " + std::to_string(high));
  return 0;
}

template <class Number>
Number Members::parse(std::string_view key, const Value& value, Range range) {
  if (value.shape != Shape::kNumber) {
    report(key, "expected a number, got " + std::string(shape_name(value.shape)));
    return 0;
  }
  Number number = 0;
  if (read_all(value.text, number) && std::isfinite(number) && lies_in(number, range)) return number;
  report(key, quoted_name(value.text) + " is out of range: " + allowed(range));
  return 0;
}

double Members::number(std::string_view key, Range range) {
  const Value* value = take(key);
  return value == nullptr ? 0 : parse<double>(key, *value, range);
}

float Members::real(std::string_view key, Range range) {
  const Value* value = take(key);
  return value == nullptr ? 0 : parse<float>(key, *value, range);
}

std::vector<float> Members::reals(std::string_view key, std::size_t count, Range range) {
  const Value* list = take(key, Shape::kList);
  if (list == nullptr) return {};
  if (list->items.size() != count) {
    report(key, "holds " + std::to_string(list->items.size()) + " numbers, there must be " + std::to_string(count));
    return {};
  }
  std::vector<float> numbers;
  for (const Value& item : list->items) numbers.push_back(parse<float>(key, item, range));
  return numbers;
}

std::uint64_t Members::hash(std::string_view key) {
  const Value* value = take(key, Shape::kString);
  if (value == nullptr) return 0;
  std::uint64_t hash = 0;
  const char* end = value->text.data() + value->text.size();
  const auto [rest, failure] = std::from_chars(value->text.data(), end, hash, 16);
  if (failure == std::errc{} && rest == end && hash_text(hash) == value->text) return hash;
  report(key, quoted_name(value->text) + " is no hash: 16 hexadecimal digits, small letters");
  return 0;
}

bool read_length(const Value& value, std::uint64_t& length) {
  return value.shape == Shape::kNumber && read_all(value.text, length);
}

std::string hash_text(std::uint64_t hash) {
  char digits[16];
  const char* end = std::to_chars(digits, digits + sizeof digits, hash, 16).ptr;
  const auto count = static_cast<std::size_t>(end - digits);
  return std::string(sizeof digits - count, '0').append(digits, count);
}

std::string quoted_name(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  std::string text(name.substr(0, kLongest));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return "'" + text + (name.size() > kLongest ? "..." : "") + "'";
}

}  // namespace driftcast
