// A JSON value as it was written: numbers keep their text, objects their order and repeated keys, everything its place.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace driftcast {

enum class Shape { kNull, kBoolean, kNumber, kString, kList, kObject };

constexpr std::string_view shape_name(Shape shape) {
  switch (shape) {
    case Shape::kNull: return "null";
    case Shape::kBoolean: return "a boolean";
    case Shape::kNumber: return "a number";
    case Shape::kString: return "a string";
    case Shape::kList: return "a list";
    case Shape::kObject: return "an object";
  }
  return {};
}

struct Value {
  Shape shape = Shape::kNull;
  std::string text{};                                    // of a boolean, number or string
  std::vector<Value> items{};                            // of a list
  std::vector<std::pair<std::string, Value>> members{};  // of an object
  std::string place{};  // "file:line:column" of its key, or "--set"; empty when unknown

  // The first member of an object with this key, or null.
  const Value* find(std::string_view key) const {
    for (const auto& [name, value] : members) {
      if (name == key) return &value;
    }
    return nullptr;
  }
};

}  // namespace driftcast
