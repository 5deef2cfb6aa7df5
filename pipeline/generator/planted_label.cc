#include "pipeline/generator/planted_label.h"

#include <simdjson.h>

#include <array>

#include "pipeline/json_text.h"
#include "pipeline/lines.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

using simdjson::dom::element;

constexpr std::array kPlantedKinds = {PlantedKind::kSteady, PlantedKind::kMix, PlantedKind::kVolume,
                                      PlantedKind::kQuiet};

void append_member(std::string& out, std::string_view key) { out.append(",\"").append(key).append("\":"); }

void append_time(std::string& out, std::string_view key, EventTime at) {
  append_member(out, key);
  append_rfc3339(out += '"', at);
  out += '"';
}

void append_texts(std::string& out, std::string_view key, const std::vector<std::string>& texts) {
  append_member(out, key);
  out += '[';
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, texts[i]);
  }
  out += ']';
}

void append_count(std::string& out, std::string_view key, std::int64_t count) {
  append_member(out, key);
  append_json_number(out, count);
}

bool read_text(const element& label, std::string_view key, std::string& text) {
  std::string_view view;
  if (label[key].get(view) != simdjson::SUCCESS) return false;
  text = view;
  return true;
}

bool read_time(const element& label, std::string_view key, EventTime& at) {
  std::string text;
  const auto parsed = read_text(label, key, text) ? parse_rfc3339(text) : std::nullopt;
  if (parsed) at = *parsed;
  return parsed.has_value();
}

bool read_texts(const element& label, std::string_view key, std::vector<std::string>& texts) {
  simdjson::dom::array array;
  if (label[key].get(array) != simdjson::SUCCESS) return false;
  for (const element value : array) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return false;
    texts.emplace_back(text);
  }
  return true;
}

bool read_count(const element& label, std::string_view key, std::int64_t& count) {
  return label[key].get(count) == simdjson::SUCCESS && count >= 0;
}

bool read_kind(const element& label, PlantedKind& kind) {
  std::string text;
  if (!read_text(label, "kind", text)) return false;
  for (const PlantedKind candidate : kPlantedKinds) {
    if (text != name(candidate)) continue;
    kind = candidate;
    return true;
  }
  return false;
}

// The name of the first field that is missing or not as it should be, or nothing.
std::string_view read_label(const element& line, PlantedLabel& label) {
  if (!read_text(line, "user", label.user)) return "user";
  if (!read_kind(line, label.kind)) return "kind";
  if (label.kind == PlantedKind::kSteady) return read_count(line, "events", label.events_before) ? "" : "events";
  if (!read_time(line, "at", label.at)) return "at";
  if (EventTime until; read_time(line, "until", until)) label.until = until;
  if (label.kind == PlantedKind::kVolume && line["factor"].get(label.factor) != simdjson::SUCCESS) return "factor";
  if (label.kind != PlantedKind::kQuiet && !read_texts(line, "from", label.from)) return "from";
  if (label.kind != PlantedKind::kQuiet && !read_texts(line, "to", label.to)) return "to";
  if (!read_count(line, "events_before", label.events_before)) return "events_before";
  return read_count(line, "events_after", label.events_after) ? "" : "events_after";
}

}  // namespace

void append_label(std::string& out, const PlantedLabel& label) {
  append_json_string(out += R"({"user":)", label.user);
  if (label.kind != PlantedKind::kSteady) append_time(out, "at", label.at);
  if (label.until) append_time(out, "until", *label.until);
  append_member(out, "kind");
  append_json_string(out, name(label.kind));
  if (label.kind == PlantedKind::kSteady) {
    append_count(out, "events", label.events_before);
  } else {
    if (label.kind == PlantedKind::kVolume) {
      append_member(out, "factor");
      append_json_double(out, label.factor);
    }
    if (label.kind != PlantedKind::kQuiet) {
      append_texts(out, "from", label.from);
      append_texts(out, "to", label.to);
    }
    append_count(out, "events_before", label.events_before);
    append_count(out, "events_after", label.events_after);
  }
  out += '}';
}

Result<std::vector<PlantedLabel>> read_labels(const std::string& path) {
  std::vector<PlantedLabel> labels;
  simdjson::dom::parser parser;
  auto read = read_lines(path, [&](std::string_view text) -> std::string {
    element line;
    if (parser.parse(text.data(), text.size(), false).get(line) != simdjson::SUCCESS) return "not a JSON document";
    PlantedLabel label;
    const std::string_view wrong = read_label(line, label);
    if (!wrong.empty()) return "not a label: '" + std::string(wrong) + "' is missing or not as it should be";
    labels.push_back(std::move(label));
    return {};
  });
  if (!read) return read.error();
  return labels;
}

}  // namespace driftcast
