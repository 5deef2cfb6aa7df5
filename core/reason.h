// Why a record was not processed: a closed, numbered list. Numbers are published (dead-letter envelopes, headers,
// metrics): never reuse one, add at the end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace driftcast {

enum class Reason : std::uint8_t {
  kNone = 0,
  kEncoding = 1,          // not UTF-8
  kSyntax = 2,            // not one JSON document
  kNotObject = 3,         // JSON, but not an object
  kTooDeep = 4,           // nested deeper than limits.depth
  kTooLarge = 5,          // longer than limits.record_bytes
  kTooManyFields = 6,     // more than limits.fields in the record, or a name beyond 1 KiB
  kDuplicateField = 7,    // the same key twice in one object
  kMissingField = 8,      // a required field is absent or null
  kWrongType = 9,         // a field of another JSON type, or a number out of its integer range
  kEmpty = 10,            // no byte of a value, or neither key nor value
  kKeyMismatch = 11,      // the record's key is not its user: its state would live in another partition
  kBadUserId = 12,        // empty, too long, or with control or bidirectional characters
  kBadCategory = 13,      // likewise
  kNotFinite = 14,        // NaN, infinite or overflowing number
  kOutOfRange = 15,       // a number outside its limits
  kFutureTimestamp = 16,  // later than the record's own timestamp plus time.max_skew
  kBadTimestamp = 17,     // not RFC 3339 with zone nor epoch milliseconds, or outside [2000-01-01, 2100-01-01)
  kLate = 18,             // event time before the partition's watermark
  kDuplicate = 19,        // event id seen for this user within the lateness
};

inline constexpr std::array<std::string_view, 20> kReasonNames = {
    "none",         "encoding",         "syntax",          "not_object",    "too_deep",
    "too_large",    "too_many_fields",  "duplicate_field", "missing_field", "wrong_type",
    "empty",        "key_mismatch",     "bad_user_id",     "bad_category",  "not_finite",
    "out_of_range", "future_timestamp", "bad_timestamp",   "late",          "duplicate"};

constexpr std::string_view name(Reason reason) { return kReasonNames[static_cast<std::size_t>(reason)]; }

}  // namespace driftcast
