#include "config/reference.h"

#include <string_view>
#include <vector>

#include "config/client_properties.h"
#include "config/fields.h"
#include "config/json_writer.h"

namespace driftcast {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

This page is generated from the field table in `config/field_table.cc`; a test holds it.

A configuration is one JSON file (no comments); every setting may be left out. `config/driftcast.json` holds all of them
with their defaults. Settings on the command line, `--set path=value`, come after the file, in order; they use the same
text: `--set time.lateness=2h --set horizons=7,14 --set kinds.names.like=click`.

* **Durations** are a whole number and a unit: `25ms`, `10s`, `30m`, `1h`, `1d`, `2w`. **Sizes** likewise: `512B`,
  `64KiB`, `8MiB`, `1GiB`, `1TiB`. Only `0` may go without a unit.
* Inside a string, `${NAME}` is replaced by a variable of the environment and `${file:/path}` by the content of a file;
  one that is missing is an error. `$${` stands for the two characters themselves. Strings are read as the type of their
  setting, so `"threads": "${THREADS}"` is a number.
* A list replaces the default. A map (`kinds.names`, `kafka.client`) adds to it.
* Everything that is wrong is reported at once, unknown keys included.
* **Output**: whether the setting can change what is published. State that was built with one value of such a setting is
  refused under another; the other settings may change at any restart.
)";

std::string kind_names_json(const KindNames& kinds) {
  std::string entries;
  for (const auto& [event_type, kind] : kinds.names) {
    if (!entries.empty()) entries += ", ";
    entries += json_string(event_type) + ": " + json_string(name(kind));
  }
  return "{" + entries + "}";
}

std::string client_json(const ClientProperties& client) {
  std::string entries;
  for (const auto& [name, value] : client.values) {
    if (!entries.empty()) entries += ", ";
    entries += json_string(name) + ": " + json_string(shown(name, value));
  }
  return "{" + entries + "}";
}

std::string integers_json(const std::vector<int>& numbers) {
  std::string items;
  for (int number : numbers) items += (items.empty() ? "" : ", ") + std::to_string(number);
  return "[" + items + "]";
}

std::string json_of(const Field& field, Settings settings) {
  const Slot slot = field.slot(settings);
  switch (field.type) {
    case FieldType::kInteger:
    case FieldType::kNumber:
    case FieldType::kBoolean: return text_of(field, settings);
    case FieldType::kIntegers: return integers_json(*std::get<std::vector<int>*>(slot));
    case FieldType::kMap: return kind_names_json(*std::get<KindNames*>(slot));
    case FieldType::kClient: return client_json(*std::get<ClientProperties*>(slot));
    default: return json_string(text_of(field, settings));
  }
}

std::string_view type_name(FieldType type) {
  switch (type) {
    case FieldType::kDuration: return "duration";
    case FieldType::kSize: return "size";
    case FieldType::kInteger: return "integer";
    case FieldType::kNumber: return "number";
    case FieldType::kBoolean: return "boolean";
    case FieldType::kText: return "text";
    case FieldType::kChoice: return "choice";
    case FieldType::kIntegers: return "list of integers";
    case FieldType::kPointer: return "JSON pointer";
    case FieldType::kTopic: return "topic";
    case FieldType::kMap:
    case FieldType::kClient: return "map";
  }
  return {};
}

void add_row(const Field& field, const Settings& defaults, std::string& page) {
  page.append("| `").append(field.path).append("` | ").append(type_name(field.type)).append(" | `");
  page.append(json_of(field, defaults)).append("` | ").append(allowed_values(field)).append(" | ");
  page.append(field.changes_output ? "yes" : "no").append(" | ").append(field.sentence).append(" |\n");
}

void add_member(const std::string& section, const std::string& key, const Settings& settings, std::size_t depth,
                std::string& text);

void add_object(const std::string& section, const Settings& settings, std::size_t depth, std::string& text) {
  text += "{\n";
  const std::vector<std::string> keys = keys_of(section);
  for (const std::string& key : keys) {
    add_member(section, key, settings, depth + 1, text);
    text += &key == &keys.back() ? "\n" : ",\n";
  }
  text.append(2 * depth, ' ').append("}");
}

void add_member(const std::string& section, const std::string& key, const Settings& settings, std::size_t depth,
                std::string& text) {
  const std::string path = section.empty() ? key : section + "." + key;
  text.append(2 * depth, ' ').append(json_string(key)).append(": ");
  if (const Field* field = find_field(path)) {
    text += json_of(*field, settings);
  } else {
    add_object(path, settings, depth, text);
  }
}

}  // namespace

std::string configuration_reference() {
  const Settings defaults;
  std::string page(kIntroduction);
  for (const std::string& key : keys_of("")) {
    page += "\n## " + key + "\n\n| key | type | default | allowed | output | meaning |\n|---|---|---|---|---|---|\n";
    for (const Field& field : fields()) {
      if (field.path == key || field.path.starts_with(key + ".")) add_row(field, defaults, page);
    }
  }
  return page;
}

std::string configuration_file(const Settings& settings) {
  std::string text;
  add_object("", settings, 0, text);
  return text + "\n";
}

}  // namespace driftcast
