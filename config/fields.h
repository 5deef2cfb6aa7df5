// The field table: every setting once, with its path, type, place in Settings, bounds and one sentence. Reading,
// validation, suggestions, the reference page, the default file and the hash of the settings all come from it.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.h"

namespace driftcast {

// Number for what the code computes: raised whenever the same log and settings would give other outputs than before.
inline constexpr int kSemantics = 13;

enum class FieldType {
  kDuration,  // Duration; bounds in milliseconds
  kSize,      // int64 or int; bounds in bytes
  kInteger,   // int
  kNumber,    // double or float
  kBoolean,   // bool
  kText,      // string, anything
  kChoice,    // string, one of `choices`
  kIntegers,  // list of 1..kMaxHorizons strictly ascending integers; bounds are of each
  kPointer,   // string, JSON pointer (RFC 6901)
  kTopic,     // string, name of a Kafka topic
  kMap,       // KindNames, map from event type names to kinds
  kClient,    // ClientProperties, map from names of Kafka client properties to their values
};

using Slot = std::variant<Duration*, std::int64_t*, int*, double*, float*, bool*, std::string*, std::vector<int>*,
                          KindNames*, ClientProperties*>;

struct Field {
  std::string_view path;
  FieldType type = FieldType::kText;
  Slot (*slot)(Settings&) = nullptr;  // where the value lives; the pointer is into the given settings
  bool changes_output = false;        // true: part of output_hash
  std::string_view sentence;
  double low = 0;  // inclusive, in the unit of the type
  double high = std::numeric_limits<double>::infinity();
  bool may_be_empty = false;   // of text, pointers and topics
  std::string_view choices{};  // separated by '|'
};

// All fields, grouped by section, in the order of the reference page.
std::span<const Field> fields();

// The field with this path, or null.
const Field* find_field(std::string_view path);

// True when `path` is not a field but a group of fields ("time", "kinds.weights"; "" is the root).
bool is_section(std::string_view path);

// Names of the keys directly below a section, in order of the table, each once.
std::vector<std::string> keys_of(std::string_view section);

// Canonical text of a field's value: equal values, equal text. A map is "name=kind" in order of names; the value of a
// secret is not in it.
std::string text_of(const Field& field, const Settings& settings);

// What a field may hold, as words: "1 to 256", "cpu, cuda or auto".
std::string allowed_values(const Field& field);

// "a, b or c".
std::string list_of(std::span<const std::string> words);

std::vector<std::string> split(std::string_view text, char separator);

// Identifies everything in the settings that can change an output, and the semantics of the code. Two instances with
// equal hashes, model and log publish the same bytes.
std::uint64_t output_hash(const Settings& settings);

}  // namespace driftcast
