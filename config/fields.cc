// What can be asked of the field table.
#include "config/fields.h"

#include <algorithm>
#include <map>

#include "config/client_properties.h"
#include "config/units.h"
#include "core/hash.h"

namespace driftcast {
namespace {

std::string join(std::span<const std::string> words, std::string_view separator) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined += separator;
    joined += word;
  }
  return joined;
}

// Kind `other` is what an absent name means, so such entries do not count.
std::string kind_names_text(const KindNames& kinds) {
  std::map<std::string, Kind> sorted;
  for (const auto& [event_type, kind] : kinds.names) sorted.insert_or_assign(event_type, kind);
  std::vector<std::string> entries;
  for (const auto& [event_type, kind] : sorted) {
    if (kind != Kind::kOther) entries.push_back(event_type + "=" + std::string(name(kind)));
  }
  return join(entries, ",");
}

std::string client_text(const ClientProperties& client) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : client.values) sorted.insert_or_assign(name, shown(name, value));
  std::vector<std::string> entries;
  for (const auto& [name, value] : sorted) entries.push_back(name + "=" + value);
  return join(entries, ",");
}

struct ValueText {
  FieldType type;

  std::string whole(std::int64_t value) const {
    return type == FieldType::kSize ? format_size(value) : std::to_string(value);
  }
  std::string operator()(const Duration* value) const { return format_duration(value->count()); }
  std::string operator()(const std::int64_t* value) const { return whole(*value); }
  std::string operator()(const int* value) const { return whole(*value); }
  std::string operator()(const double* value) const { return format_number(*value); }
  std::string operator()(const float* value) const { return format_number(*value); }
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const std::string* value) const { return *value; }
  std::string operator()(const KindNames* value) const { return kind_names_text(*value); }
  std::string operator()(const ClientProperties* value) const { return client_text(*value); }
  std::string operator()(const std::vector<int>* value) const {
    std::vector<std::string> items;
    for (int item : *value) items.push_back(std::to_string(item));
    return join(items, ",");
  }
};

std::string bound_text(const Field& field, double bound) {
  switch (field.type) {
    case FieldType::kDuration: return format_duration(static_cast<std::int64_t>(bound));
    case FieldType::kSize: return format_size(static_cast<std::int64_t>(bound));
    case FieldType::kInteger:
    case FieldType::kIntegers: return std::to_string(static_cast<std::int64_t>(bound));
    default: return format_number(bound);
  }
}

std::vector<std::string> kind_words() { return {kKindNames.begin(), kKindNames.end()}; }

std::string range_text(const Field& field) {
  return bound_text(field, field.low) + " to " + bound_text(field, field.high);
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string list_of(std::span<const std::string> words) {
  if (words.size() < 2) return join(words, "");
  return join(words.first(words.size() - 1), ", ") + " or " + words.back();
}

const Field* find_field(std::string_view path) {
  const auto found = std::ranges::find(fields(), path, &Field::path);
  return found == fields().end() ? nullptr : &*found;
}

bool is_section(std::string_view path) { return !keys_of(path).empty(); }

std::vector<std::string> keys_of(std::string_view section) {
  const std::string prefix = section.empty() ? std::string() : std::string(section) + ".";
  std::vector<std::string> keys;
  for (const Field& field : fields()) {
    if (!field.path.starts_with(prefix)) continue;
    const std::string_view rest = field.path.substr(prefix.size());
    std::string key(rest.substr(0, rest.find('.')));
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
  }
  return keys;
}

std::string text_of(const Field& field, const Settings& settings) {
  // Slots are pointers to mutable values; reading through one leaves the settings as they are.
  return std::visit(ValueText{field.type}, field.slot(const_cast<Settings&>(settings)));
}

std::string allowed_values(const Field& field) {
  const std::string empty = field.may_be_empty ? ", or empty" : "";
  switch (field.type) {
    case FieldType::kDuration:
    case FieldType::kSize:
    case FieldType::kInteger:
    case FieldType::kNumber: return range_text(field);
    case FieldType::kBoolean: return "true or false";
    case FieldType::kText: return "any text";
    case FieldType::kChoice: return list_of(split(field.choices, '|'));
    case FieldType::kIntegers:
      return "1 to " + std::to_string(kMaxHorizons) + " ascending whole numbers, each " + range_text(field);
    case FieldType::kPointer: return "a JSON pointer such as /user/id" + empty;
    case FieldType::kTopic: return "1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'" + empty;
    case FieldType::kMap: return "event type names, each with " + list_of(kind_words());
    case FieldType::kClient: return "texts by the names " + list_of(client_property_names());
  }
  return {};
}

std::uint64_t output_hash(const Settings& settings) {
  std::vector<std::string> lines{"semantics=" + std::to_string(kSemantics)};
  for (const Field& field : fields()) {
    if (field.changes_output) lines.push_back(std::string(field.path) + "=" + text_of(field, settings));
  }
  std::ranges::sort(lines);  // the order of the table is for readers and may change
  return hash64(join(lines, "\n"));
}

}  // namespace driftcast
