// Members: reads the members of one JSON object by name and keeps everything that is wrong with them: what is missing,
// of another shape, out of range, written twice, or unknown. A member that is wrong reads as zero, or empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "config/value.h"

namespace driftcast {

// Numbers from `low` to `high`, both allowed, unless `low` itself is not.
struct Range {
  double low = 0, high = 0;
  bool above_low = false;
};

class Members {
 public:
  // Of a value that is an object. `where` is its path in messages, empty for the document. All is borrowed.
  Members(const Value& object, std::string where, std::vector<Problem>& problems);

  std::string text(std::string_view key);
  bool boolean(std::string_view key);
  std::int64_t integer(std::string_view key, std::int64_t low, std::int64_t high);
  double number(std::string_view key, Range range);
  float real(std::string_view key, Range range);  // read as float, and held against the range as float
  std::vector<float> reals(std::string_view key, std::size_t count, Range range);
  std::uint64_t hash(std::string_view key);  // 16 hexadecimal digits

  // The member, or null when it is missing (which is reported) or, reported too, of another shape.
  const Value* take(std::string_view key, Shape shape);
  // The member, whatever its shape, or null when it is missing, which is reported.
  const Value* take(std::string_view key);

  // Reports what nobody has taken.
  void finish();

  // Says that something is wrong with a member.
  void report(std::string_view key, std::string what);
  std::string below(std::string_view key) const;  // path of a member

 private:
  template <class Number>
  Number parse(std::string_view key, const Value& value, Range range);

  const Value& object_;
  std::string where_;
  std::vector<Problem>& problems_;
  std::set<std::string_view> taken_;
};

// Plain digits, such as lengths are written in. False: it is anything else, or needs more than 64 bits.
bool read_length(const Value& value, std::uint64_t& length);

// 16 hexadecimal digits.
std::string hash_text(std::uint64_t hash);

// A name out of a file as it may stand in a message: in quotes, cut when long, nothing that moves a terminal's cursor.
std::string quoted_name(std::string_view name);

}  // namespace driftcast
