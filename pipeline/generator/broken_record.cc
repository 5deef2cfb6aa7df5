#include "pipeline/generator/broken_record.h"

#include <algorithm>
#include <vector>

namespace driftcast {
namespace {

std::string nested(std::size_t depth) { return ",\"extra\":" + std::string(depth, '[') + std::string(depth, ']'); }

std::string many_members(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += ",\"x" + std::to_string(i) + "\":" + std::to_string(i);
  return text;
}

std::vector<Flaw> make_flaws() {
  using enum Damage;
  return {
      {Reason::kSyntax, kCut, "category", ""},
      {Reason::kSyntax, kCut, "item_id", ""},
      {Reason::kSyntax, kWrap, "", "|}"},
      {Reason::kSyntax, kWrap, "", "|{\"user_id\":\"u000001\"}"},
      {Reason::kSyntax, kReplace, "", "user_id=u000001&category=books"},
      {Reason::kNotObject, kWrap, "", "[|]"},
      {Reason::kNotObject, kReplace, "", "42"},
      {Reason::kNotObject, kReplace, "", "null"},
      {Reason::kEmpty, kReplace, "", ""},
      {Reason::kEncoding, kValue, "category", "\"caf\xE9\""},
      {Reason::kEncoding, kValue, "user_id", "\"\xC3\x28\""},
      {Reason::kTooDeep, kAppend, "", nested(100)},
      {Reason::kTooManyFields, kAppend, "", many_members(150)},
      {Reason::kDuplicateField, kAppend, "", ",\"category\":\"books\""},
      {Reason::kMissingField, kValue, "user_id", ""},
      {Reason::kMissingField, kValue, "timestamp", ""},
      {Reason::kMissingField, kValue, "category", "null"},
      {Reason::kWrongType, kValue, "user_id", "4711"},
      {Reason::kWrongType, kValue, "category", "[\"books\"]"},
      {Reason::kWrongType, kValue, "timestamp", "true"},
      {Reason::kWrongType, kValue, "amount", "\"12.50\""},
      {Reason::kBadUserId, kValue, "user_id", "\"\""},
      {Reason::kBadUserId, kValue, "user_id", "\"u\\u0007\""},
      {Reason::kBadUserId, kValue, "user_id",
       "\"u\xE2\x80\xAE"
       "1\""},
      {Reason::kBadUserId, kValue, "user_id", '"' + std::string(300, 'u') + '"'},
      {Reason::kBadCategory, kValue, "category", "\"\""},
      {Reason::kBadCategory, kValue, "category", '"' + std::string(200, 'c') + '"'},
      {Reason::kNotFinite, kValue, "amount", "NaN"},
      {Reason::kNotFinite, kValue, "amount", "1e999"},
      {Reason::kOutOfRange, kValue, "amount", "-1e15"},
      {Reason::kBadTimestamp, kValue, "timestamp", "\"2024-01-15T12:00:00\""},
      {Reason::kBadTimestamp, kValue, "timestamp", "\"2023-02-30T12:00:00Z\""},
      {Reason::kBadTimestamp, kValue, "timestamp", "\"yesterday\""},
      {Reason::kBadTimestamp, kValue, "timestamp", "1704067200"},
      {Reason::kBadTimestamp, kValue, "timestamp", "-1"},
  };
}

std::string with_members(std::string_view line, std::string_view members) {
  return std::string(line.substr(0, line.rfind('}'))).append(members) + "}";
}

std::string with_value(std::string_view line, const Flaw& flaw) {
  const std::string key = "\"" + std::string(flaw.field) + "\":";
  const std::size_t begin = line.find(key);
  if (begin == std::string_view::npos) return with_members(line, "," + key + flaw.text);
  const std::size_t end = std::min(line.find_first_of(",}", begin), line.size());
  std::string result(line);
  if (!flaw.text.empty()) return result.replace(begin, end - begin, key + flaw.text);
  const bool last = line[end] == '}';  // the comma goes with the member
  return last ? result.erase(begin - 1, end - begin + 1) : result.erase(begin, end - begin + 1);
}

}  // namespace

std::span<const Flaw> flaws() {
  static const std::vector<Flaw> kFlaws = make_flaws();
  return kFlaws;
}

std::string damaged(std::string_view line, const Flaw& flaw) {
  switch (flaw.damage) {
    case Damage::kValue: return with_value(line, flaw);
    case Damage::kCut: return std::string(line.substr(0, line.find(flaw.field) + flaw.field.size() + 4));
    case Damage::kAppend: return with_members(line, flaw.text);
    case Damage::kReplace: return flaw.text;
    case Damage::kWrap: break;
  }
  const std::size_t middle = flaw.text.find('|');
  return flaw.text.substr(0, middle) + std::string(line) + flaw.text.substr(middle + 1);
}

}  // namespace driftcast
