#include "pipeline/decode.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/hash.h"
#include "pipeline/json_fault.h"
#include "pipeline/json_text.h"
#include "pipeline/timestamps.h"
#include "pipeline/user_id.h"

namespace driftcast {
namespace {

using simdjson::dom::element;

enum Field : std::size_t { kUser, kItem, kCategory, kType, kTimestamp, kEventId, kDwell, kAmount, kTitle, kFieldCount };

constexpr std::size_t kLongestName = 1024;  // of a member of an object

// The mapped JSON pointers as a tree of object keys and array indices.
struct PathNode {
  std::string name;  // below its parent
  std::vector<PathNode> children;
  std::vector<Field> fields;  // that end here; several may share a place

  PathNode& child(const std::string& key) {
    for (PathNode& node : children) {
      if (node.name == key) return node;
    }
    return children.emplace_back(PathNode{key, {}, {}});
  }
  const PathNode* find(std::string_view key) const {
    for (const PathNode& node : children) {
      if (node.name == key) return &node;
    }
    return nullptr;
  }
};

std::string unescape_token(std::string token) {
  for (const auto& [escape, plain] : {std::pair{"~1", "/"}, std::pair{"~0", "~"}}) {
    for (std::size_t at = 0; (at = token.find(escape, at)) != std::string::npos; ++at) token.replace(at, 2, plain);
  }
  return token;
}

void add_path(PathNode& root, const std::string& pointer, Field field) {
  if (pointer.empty()) return;
  PathNode* node = &root;
  for (std::size_t begin = 1; begin <= pointer.size();) {
    const std::size_t end = std::min(pointer.find('/', begin), pointer.size());
    node = &node->child(unescape_token(pointer.substr(begin, end - begin)));
    begin = end + 1;
  }
  node->fields.push_back(field);
}

// The fields found in one record.
struct Found {
  std::array<element, kFieldCount> value;
  std::array<bool, kFieldCount> present{};
  int members = 0;
  bool is_advance = false;
  bool close = false;
  std::optional<element> advance_to;

  // What an advance record says, in members of fixed names.
  void note_advance(std::string_view key, const element& content) {
    if (key == "type") is_advance = content.is_string() && std::string_view(content) == "advance";
    if (key == "close") close = content.is_bool() && bool(content);
    if (key == "timestamp" && !content.is_null()) advance_to = content;
  }
};

Reason fault_of(simdjson::error_code code, std::string_view text) {
  switch (code) {
    case simdjson::UTF8_ERROR: return Reason::kEncoding;
    case simdjson::DEPTH_ERROR: return Reason::kTooDeep;
    case simdjson::STRING_ERROR: return string_fault(text);
    case simdjson::NUMBER_ERROR: return number_fault(text);
    default: return structure_fault(text);
  }
}

}  // namespace

struct Decoder::Parts {
  const PipelineOptions& options;
  std::array<float, kKinds> weights;
  std::array<std::string_view, kFieldCount> names;  // for blame
  std::array<bool, kFieldCount> required{};
  PathNode paths;
  std::unordered_map<std::string_view, Kind> kinds;
  simdjson::dom::parser parser;
  std::vector<std::string_view> keys;  // of the object being checked

  Parts(const PipelineOptions& pipeline, const OperatorOptions& operators)
      : options(pipeline), weights(operators.kind_weights) {
    const FieldMap& map = pipeline.mapping;
    const std::array<const std::string*, kFieldCount> pointers = {&map.user_id,    &map.item_id,   &map.category,
                                                                  &map.event_type, &map.timestamp, &map.event_id,
                                                                  &map.dwell_ms,   &map.amount,    &map.title};
    for (std::size_t f = 0; f < kFieldCount; ++f) {
      add_path(paths, *pointers[f], static_cast<Field>(f));
      names[f] = *pointers[f];
      required[f] = f <= kTimestamp && !pointers[f]->empty();
    }
    for (const auto& [name, kind] : pipeline.kinds.names) kinds.emplace(name, kind);
    const auto capacity = static_cast<std::size_t>(pipeline.limits.record_bytes) + 1;
    DRIFTCAST_CHECK(parser.allocate(capacity, static_cast<std::size_t>(pipeline.limits.depth) + 1) ==
                    simdjson::SUCCESS);
  }

  Reason check_members(simdjson::dom::object object, Found& found);
  Reason walk(simdjson::dom::object object, const PathNode* node, bool top, Found& found);
  Reason visit(const element& value, const PathNode* node, Found& found);
  Decoded parse(const Record& record, Arena& arena);
  Decoded read_event(const Record& record, const Found& found, Arena& arena) const;
  Decoded read_advance(const Found& found) const;
  Decoded read_tombstone(std::string_view key) const;
  Reason read_time(const element& value, EventTime& at) const;
  Reason read_number(const element& value, double& number) const;
  Rejected blame(Reason reason, Field field) const { return {reason, names[field]}; }
};

// Every object is checked, also below members that nobody reads. Cost: O(n log n) in the members of one object.
Reason Decoder::Parts::check_members(simdjson::dom::object object, Found& found) {
  constexpr std::size_t kFew = 16;  // compared one by one
  keys.clear();
  for (const auto [key, value] : object) {
    if (++found.members > options.limits.fields || key.size() > kLongestName) return Reason::kTooManyFields;
    if (keys.size() < kFew && std::find(keys.begin(), keys.end(), key) != keys.end()) return Reason::kDuplicateField;
    keys.push_back(key);
  }
  if (keys.size() <= kFew) return Reason::kNone;
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) == keys.end() ? Reason::kNone : Reason::kDuplicateField;
}

Reason Decoder::Parts::walk(simdjson::dom::object object, const PathNode* node, bool top, Found& found) {
  Reason reason = check_members(object, found);
  for (auto member = object.begin(); member != object.end() && reason == Reason::kNone; ++member) {
    const std::string_view key = member.key();
    if (top) found.note_advance(key, member.value());
    reason = visit(member.value(), node == nullptr ? nullptr : node->find(key), found);
  }
  return reason;
}

// `node`: where the mapped paths stand at this value; nullptr: none leads here.
Reason Decoder::Parts::visit(const element& value, const PathNode* node, Found& found) {
  if (node != nullptr && !value.is_null()) {
    for (const Field field : node->fields) {
      found.value[field] = value;
      found.present[field] = true;
    }
  }
  simdjson::dom::object object;
  if (value.get(object) == simdjson::SUCCESS) return walk(object, node, false, found);
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) return Reason::kNone;
  Reason reason = Reason::kNone;
  std::size_t index = 0;
  for (const element each : array) {
    reason = visit(each, node == nullptr ? nullptr : node->find(std::to_string(index++)), found);
    if (reason != Reason::kNone) break;
  }
  return reason;
}

Reason Decoder::Parts::read_time(const element& value, EventTime& at) const {
  std::int64_t ms = 0;
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    const auto parsed = parse_rfc3339(text);
    if (!parsed) return Reason::kBadTimestamp;
    at = *parsed;
  } else if (value.is_int64() && value.get(ms) == simdjson::SUCCESS) {
    at = event_time(ms);
  } else {
    return Reason::kWrongType;
  }
  return at < kEarliestTimestamp || at >= kTimestampsEnd ? Reason::kBadTimestamp : Reason::kNone;
}

Reason Decoder::Parts::read_number(const element& value, double& number) const {
  if (value.get(number) != simdjson::SUCCESS) return Reason::kWrongType;
  if (std::abs(number) > options.limits.amount_abs) return Reason::kOutOfRange;
  if (std::abs(number) < 1e-30) number = 0;  // denormals and minus zero
  return Reason::kNone;
}

Decoded Decoder::Parts::read_advance(const Found& found) const {
  if (found.close) return Advance{};
  if (!found.advance_to) return Rejected{Reason::kMissingField, "/timestamp"};
  Advance advance{EventTime{}};
  const Reason reason = read_time(*found.advance_to, *advance.to);
  if (reason != Reason::kNone) return Rejected{reason, "/timestamp"};
  return advance;
}

Decoded Decoder::Parts::read_tombstone(std::string_view key) const {
  if (key.empty()) return Rejected{Reason::kEmpty, {}};
  const bool well_formed =
      is_utf8(key) && well_formed_name(key, static_cast<std::size_t>(options.limits.user_id_bytes));
  return well_formed ? Decoded{Erase{key}} : Decoded{blame(Reason::kBadUserId, kUser)};
}

Decoded Decoder::Parts::read_event(const Record& record, const Found& found, Arena& arena) const {
  for (std::size_t f = 0; f < kFieldCount; ++f) {
    if (required[f] && !found.present[f]) return blame(Reason::kMissingField, static_cast<Field>(f));
  }
  std::array<std::string_view, kFieldCount> text;
  for (const Field f : {kUser, kItem, kCategory, kType, kEventId, kTitle}) {
    if (!found.present[f]) continue;
    if (found.value[f].get(text[f]) != simdjson::SUCCESS) return blame(Reason::kWrongType, f);
  }
  if (!well_formed_name(text[kUser], static_cast<std::size_t>(options.limits.user_id_bytes))) {
    return blame(Reason::kBadUserId, kUser);
  }
  if (!well_formed_name(text[kCategory], static_cast<std::size_t>(options.limits.category_bytes))) {
    return blame(Reason::kBadCategory, kCategory);
  }
  if (!record.key.empty() && record.key != text[kUser]) return blame(Reason::kKeyMismatch, kUser);
  Event event;
  if (const Reason r = read_time(found.value[kTimestamp], event.at); r != Reason::kNone) return blame(r, kTimestamp);
  double dwell = 0;
  double amount = 0;
  if (found.present[kDwell]) {
    if (const Reason r = read_number(found.value[kDwell], dwell); r != Reason::kNone) return blame(r, kDwell);
    if (dwell < 0) return blame(Reason::kOutOfRange, kDwell);
  }
  if (found.present[kAmount]) {
    if (const Reason r = read_number(found.value[kAmount], amount); r != Reason::kNone) return blame(r, kAmount);
  }
  const auto kind = kinds.find(text[kType]);
  event.kind = kind == kinds.end() ? Kind::kOther : kind->second;
  event.weight = weights[static_cast<std::size_t>(event.kind)];
  event.user = arena.copy(text[kUser]);
  event.user_hash = hash64(event.user);
  event.category = arena.copy(text[kCategory]);
  event.category_hash = hash64(event.category);
  if (!text[kEventId].empty()) event.event_id = std::max<std::uint64_t>(hash64(text[kEventId]), 1);
  event.dwell_ms = static_cast<float>(dwell);
  event.amount = amount;
  return event;
}

Decoded Decoder::Parts::parse(const Record& record, Arena& arena) {
  if (!record.value) return read_tombstone(record.key);
  std::string_view text = *record.value;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.size() > static_cast<std::size_t>(options.limits.record_bytes)) return Rejected{Reason::kTooLarge, {}};
  if (text.empty()) return Rejected{Reason::kEmpty, {}};
  element document;
  if (const auto code = parser.parse(text.data(), text.size(), false).get(document); code != simdjson::SUCCESS) {
    return Rejected{fault_of(code, text), {}};
  }
  simdjson::dom::object object;
  if (document.get(object) != simdjson::SUCCESS) return Rejected{Reason::kNotObject, {}};
  Found found;
  if (const Reason reason = walk(object, &paths, true, found); reason != Reason::kNone) return Rejected{reason, {}};
  if (found.is_advance && !found.present[kUser]) return read_advance(found);
  return read_event(record, found, arena);
}

Decoder::Decoder(const PipelineOptions& pipeline, const OperatorOptions& operators)
    : parts_(std::make_unique<Parts>(pipeline, operators)) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Decoded Decoder::decode(const Record& record, Arena& arena) noexcept { return parts_->parse(record, arena); }

void Decoder::decode(DecodedSlice& slice) noexcept {
  slice.decoded.reserve(slice.slice.records.size());
  for (const Record& record : slice.slice.records) slice.decoded.push_back(decode(record, slice.arena));
}

}  // namespace driftcast
