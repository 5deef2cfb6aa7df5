#include "config/assign.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "config/client_properties.h"
#include "config/suggest.h"
#include "config/units.h"
#include "core/result.h"

namespace driftcast {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

Error refused(std::string message) { return error(ErrorCode::kConfig, std::move(message)); }

std::string_view noun(FieldType type) {
  switch (type) {
    case FieldType::kDuration: return "a duration such as \"10s\"";
    case FieldType::kSize: return "a size such as \"64KiB\"";
    case FieldType::kInteger: return "a whole number";
    case FieldType::kNumber: return "a number";
    case FieldType::kBoolean: return "true or false";
    case FieldType::kIntegers: return "a list of whole numbers such as [7, 14]";
    case FieldType::kMap: return "an object of event type names and kinds such as {\"like\": \"click\"}";
    case FieldType::kClient: return "an object of property names and texts such as {\"client.rack\": \"a\"}";
    default: return "a string";
  }
}

Error wrong_shape(const Field& field, const Value& value) {
  return refused("expected " + std::string(noun(field.type)) + ", got " + std::string(shape_name(value.shape)));
}

Result<double> in_range(const Field& field, std::string_view text, double number) {
  if (number >= field.low && number <= field.high) return number;
  return refused(quoted(text) + " is out of range: allowed are " + allowed_values(field));
}

Result<double> widen(const Result<std::int64_t>& parsed) {
  if (!parsed) return parsed.error();
  return static_cast<double>(*parsed);  // beyond 2^53 it is out of every range anyway
}

Result<double> parse_scalar(const Field& field, std::string_view text) {
  switch (field.type) {
    case FieldType::kDuration: return widen(parse_duration(text));
    case FieldType::kSize: return widen(parse_size(text));
    case FieldType::kNumber: return parse_number(text);
    default: return widen(parse_integer(text));
  }
}

// A number, duration or size within the field's bounds, in the unit of its type.
Result<double> read_scalar(const Field& field, const Value& value) {
  if (value.shape != Shape::kNumber && value.shape != Shape::kString) return wrong_shape(field, value);
  Result<double> number = parse_scalar(field, value.text);
  if (!number) return number;
  return in_range(field, value.text, *number);
}

Result<bool> read_boolean(const Field& field, const Value& value) {
  const bool readable = value.shape == Shape::kBoolean || value.shape == Shape::kString;
  if (!readable) return wrong_shape(field, value);
  if (value.text == "true") return true;
  if (value.text == "false") return false;
  return refused(quoted(value.text) + " is neither true nor false");
}

bool is_topic(std::string_view text) {
  const auto legal = [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 249 && text != "." && text != ".." && std::ranges::all_of(text, legal);
}

// RFC 6901: reference tokens after a slash each; a tilde is always followed by 0 or 1.
bool is_pointer(std::string_view text) {
  if (!text.starts_with('/')) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') continue;
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  }
  return true;
}

Result<std::string> check_choice(std::string_view text, const std::vector<std::string>& choices) {
  if (std::ranges::find(choices, text) != choices.end()) return std::string(text);
  std::string meant = did_you_mean(text, choices);
  return refused(quoted(text) + " is not allowed" + (meant.empty() ? ":" : meant) + " allowed are " + list_of(choices));
}

Result<std::string> read_text(const Field& field, const Value& value) {
  if (value.shape != Shape::kString) return wrong_shape(field, value);
  if (field.type == FieldType::kChoice) return check_choice(value.text, split(field.choices, '|'));
  if (value.text.empty() && field.may_be_empty) return value.text;
  if (value.text.empty()) return refused("must not be empty: write " + allowed_values(field));
  const bool fits = field.type == FieldType::kTopic     ? is_topic(value.text)
                    : field.type == FieldType::kPointer ? is_pointer(value.text)
                                                        : true;
  if (fits) return value.text;
  const std::string_view what = field.type == FieldType::kTopic ? "a topic name" : "a JSON pointer";
  return refused(quoted(value.text) + " is not " + std::string(what) + ": write " + allowed_values(field));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// The items of [7, 14], "7,14" and "[7,14]"; a single number is a list of one.
Result<std::vector<Value>> items_of(const Field& field, const Value& value) {
  if (value.shape == Shape::kList) return value.items;
  if (value.shape != Shape::kString && value.shape != Shape::kNumber) return wrong_shape(field, value);
  std::string_view text = trimmed(value.text);
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  std::vector<Value> items;
  if (trimmed(text).empty()) return items;
  for (const std::string& part : split(text, ',')) items.push_back(Value{Shape::kString, std::string(trimmed(part))});
  return items;
}

Result<std::vector<int>> read_integers(const Field& field, const Value& value) {
  const auto items = items_of(field, value);
  if (!items) return items.error();
  std::vector<int> numbers;
  for (const Value& item : *items) {
    const Result<double> number = read_scalar(field, item);
    if (!number) return number.error();
    numbers.push_back(static_cast<int>(*number));
  }
  const bool ascending = std::ranges::adjacent_find(numbers, std::ranges::greater_equal{}) == numbers.end();
  if (!numbers.empty() && numbers.size() <= kMaxHorizons && ascending) return numbers;
  const std::string fault = ascending ? std::to_string(numbers.size()) + " numbers" : "not ascending";
  return refused(fault + ": write " + allowed_values(field));
}

// Adds to the map or changes an entry of it.
template <class T>
void set(std::vector<std::pair<std::string, T>>& map, const std::string& name, const T& value) {
  const auto found = std::ranges::find(map, name, &std::pair<std::string, T>::first);
  if (found == map.end()) {
    map.emplace_back(name, value);
  } else {
    found->second = value;
  }
}

Result<Kind> read_kind(const Value& value) {
  if (value.shape != Shape::kString) return refused("expected a string, got " + std::string(shape_name(value.shape)));
  const Result<std::string> word = check_choice(value.text, {kKindNames.begin(), kKindNames.end()});
  if (!word) return word.error();
  return static_cast<Kind>(std::ranges::find(kKindNames, *word) - kKindNames.begin());
}

void assign_kind_names(const Field& field, const Value& value, KindNames& kinds, std::vector<Problem>& problems) {
  for (const auto& [event_type, kind_value] : value.members) {
    const std::string where = std::string(field.path) + "." + event_type;
    if (event_type.empty()) {
      problems.push_back({where, "the name of an event type must not be empty", kind_value.place});
      continue;
    }
    const Result<Kind> kind = read_kind(kind_value);
    if (kind) {
      set(kinds.names, event_type, *kind);
    } else {
      problems.push_back({where, kind.error().message, kind_value.place});
    }
  }
}

// What a client property is set to; numbers and booleans are texts to the client.
Result<std::string> read_property(const std::string& name, const Value& value) {
  if (find_client_property(name) == nullptr) {
    return refused("is no property of the Kafka client that may be set" + did_you_mean(name, client_property_names()));
  }
  if (value.shape == Shape::kString || value.shape == Shape::kNumber || value.shape == Shape::kBoolean) {
    return value.text;
  }
  return refused("expected a string, got " + std::string(shape_name(value.shape)));
}

void assign_client(const Field& field, const Value& value, ClientProperties& client, std::vector<Problem>& problems) {
  for (const auto& [name, property] : value.members) {
    const Result<std::string> text = read_property(name, property);
    if (text) {
      set(client.values, name, *text);
    } else {
      problems.push_back({std::string(field.path) + "." + name, text.error().message, property.place});
    }
  }
}

// One overload for each type of slot: reads the value as that type and stores it.
struct Assign {
  const Field& field;
  const Value& value;

  template <class T>
  Result<void> operator()(T* target) const {  // durations, integers and floating-point numbers
    const Result<double> number = read_scalar(field, value);
    if (!number) return number.error();
    if constexpr (std::is_same_v<T, Duration>) {
      *target = Duration{static_cast<std::int64_t>(*number)};
    } else {
      *target = static_cast<T>(*number);
    }
    return {};
  }
  Result<void> operator()(bool* target) const { return store(read_boolean(field, value), target); }
  Result<void> operator()(std::string* target) const { return store(read_text(field, value), target); }
  Result<void> operator()(std::vector<int>* target) const { return store(read_integers(field, value), target); }
  Result<void> operator()(KindNames*) const { return wrong_shape(field, value); }
  Result<void> operator()(ClientProperties*) const { return wrong_shape(field, value); }

  template <class T>
  static Result<void> store(const Result<T>& read, T* target) {
    if (!read) return read.error();
    *target = *read;
    return {};
  }
};

}  // namespace

void assign(const Field& field, const Value& value, Settings& settings, std::vector<Problem>& problems) {
  const Slot slot = field.slot(settings);
  if (KindNames* const* kinds = std::get_if<KindNames*>(&slot); kinds != nullptr && value.shape == Shape::kObject) {
    assign_kind_names(field, value, **kinds, problems);
    return;
  }
  if (ClientProperties* const* client = std::get_if<ClientProperties*>(&slot);
      client != nullptr && value.shape == Shape::kObject) {
    assign_client(field, value, **client, problems);
    return;
  }
  const Result<void> stored = std::visit(Assign{field, value}, slot);
  if (!stored) problems.push_back({std::string(field.path), stored.error().message, value.place});
}

}  // namespace driftcast
