#include "config/load.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

#include "config/assign.h"
#include "config/client_properties.h"
#include "config/coherence.h"
#include "config/fields.h"
#include "config/json_reader.h"
#include "config/suggest.h"

namespace driftcast {
namespace {

std::string below(std::string_view section, std::string_view key) {
  return section.empty() ? std::string(key) : std::string(section) + "." + std::string(key);
}

// Walks a written tree along the field table.
class Loader {
 public:
  Loader(const Environment& environment, Loaded& loaded) : environment_(environment), loaded_(loaded) {}

  void read_section(std::string_view section, const Value& object) {
    std::set<std::string_view> seen;
    for (const auto& [key, value] : object.members) {
      if (!seen.insert(key).second) {
        report(below(section, key), "is written twice", value);
        continue;
      }
      read_member(section, key, value);
    }
  }

 private:
  void read_member(std::string_view section, const std::string& key, const Value& value) {
    const std::string path = below(section, key);
    if (const Field* field = find_field(path)) return read_field(*field, value);
    if (!is_section(path)) return report(path, unknown_key(section, key), value);
    if (value.shape == Shape::kObject) return read_section(path, value);
    report(path, "is a group of settings: one of " + list_of(keys_of(path)), value);
  }

  void read_field(const Field& field, Value value) {
    if (field.type == FieldType::kClient) drop_written_secrets(field, value);
    if (resolve(std::string(field.path), value)) assign(field, value, loaded_.settings, loaded_.problems);
  }

  // A secret must not stand in a configuration or on a command line, where others read it. Such members are dropped.
  void drop_written_secrets(const Field& field, Value& value) {
    std::erase_if(value.members, [&](const auto& member) {
      const ClientProperty* property = find_client_property(member.first);
      const bool written = property != nullptr && property->secret && !is_one_substitution(member.second.text);
      if (written) {
        report(below(field.path, member.first), "is a secret: write ${NAME} or ${file:/path}, not the secret itself",
               member.second);
      }
      return written;
    });
  }

  // Substitutes in all strings of the value. False when that fails: then there is nothing to assign. Of an object the
  // members where it fails are dropped.
  bool resolve(const std::string& path, Value& value) {
    bool whole = true;
    for (Value& item : value.items) whole = resolve(path, item) && whole;
    std::vector<std::pair<std::string, Value>> resolved;
    for (auto& member : value.members) {
      if (resolve(below(path, member.first), member.second)) resolved.push_back(std::move(member));
    }
    value.members = std::move(resolved);
    if (value.shape != Shape::kString) return whole;
    Result<std::string> text = substitute(value.text, environment_);
    if (text) {
      value.text = *std::move(text);
      return whole;
    }
    report(path, text.error().message, value);
    return false;
  }

  // Looks for the key among its neighbours, then for a field of that name elsewhere; else lists the neighbours.
  static std::string unknown_key(std::string_view section, const std::string& key) {
    const std::string unknown =
        "unknown key '" + key + "'" + (section.empty() ? "" : " in '" + std::string(section) + "'");
    const std::vector<std::string> neighbours = keys_of(section);
    if (const std::string meant = did_you_mean(key, neighbours); !meant.empty()) return unknown + meant;
    for (const Field& field : fields()) {
      if (field.path.ends_with("." + key)) return unknown + "; did you mean '" + std::string(field.path) + "'?";
    }
    return unknown + "; allowed are " + list_of(neighbours);
  }

  void report(std::string where, std::string what, const Value& value) {
    loaded_.problems.push_back({std::move(where), std::move(what), value.place});
  }

  const Environment& environment_;
  Loaded& loaded_;
};

void read_settings_file(const std::string& path, Loader& loader, std::vector<Problem>& problems) {
  const Result<std::string> text = read_file(path);
  if (!text) {
    problems.push_back({path, text.error().message});
    return;
  }
  const std::variant<Value, Problem> document = read_json(*text, path);
  if (const Problem* problem = std::get_if<Problem>(&document)) {
    problems.push_back(*problem);
    return;
  }
  const Value& root = std::get<Value>(document);
  if (root.shape == Shape::kObject) return loader.read_section("", root);
  problems.push_back({path, "must hold one JSON object"});
}

// The object that a file would hold for path=text. Below a field the rest of the path is one key: names of event types
// may contain dots.
Value nest(std::string_view section, std::string_view rest, std::string_view text) {
  const std::size_t dot = find_field(section) == nullptr ? rest.find('.') : std::string_view::npos;
  const std::string key(rest.substr(0, dot));
  Value leaf{Shape::kString, std::string(text)};
  Value member = dot == std::string_view::npos ? leaf : nest(below(section, key), rest.substr(dot + 1), text);
  member.place = "--set";
  Value object{Shape::kObject};
  object.members.emplace_back(key, std::move(member));
  return object;
}

void read_override(const std::string& text, Loader& loader, std::vector<Problem>& problems) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    problems.push_back({"'" + text + "'", "is not path=value, such as time.lateness=1h", "--set"});
    return;
  }
  const std::string_view view = text;
  loader.read_section("", nest("", view.substr(0, equals), view.substr(equals + 1)));
}

}  // namespace

std::string describe_problems(std::span<const Problem> problems) {
  std::string lines;
  for (const Problem& problem : problems) {
    if (!problem.place.empty()) lines += problem.place + ": ";
    lines += problem.where + ": " + problem.what + "\n";
  }
  return lines;
}

Loaded load_settings(const std::optional<std::string>& file, std::span<const std::string> overrides,
                     const Environment& environment) {
  Loaded loaded;
  Loader loader(environment, loaded);
  if (file) read_settings_file(*file, loader, loaded.problems);
  for (const std::string& text : overrides) read_override(text, loader, loaded.problems);
  const EmitOptions& emit = loaded.settings.pipeline.emit;
  loaded.settings.operators.models = emit.forecasts || emit.drift;
  check_coherence(loaded.settings, loaded.problems);
  return loaded;
}

}  // namespace driftcast
