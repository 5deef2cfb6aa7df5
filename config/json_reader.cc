#include "config/json_reader.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

namespace driftcast {
namespace {

constexpr std::size_t kMaxDepth = 32;

// "name:line:column" of an offset, both from 1; columns count bytes.
std::string place_of(std::string_view text, std::size_t offset, const std::string& name) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t last_break = before.rfind('\n');
  const std::size_t column = last_break == std::string_view::npos ? before.size() + 1 : before.size() - last_break;
  return name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

// A word where JSON ends, for a terminal. Bytes beyond ASCII may be the first half of a letter, or none.
std::string shown(const std::string& word) {
  const auto first = static_cast<unsigned char>(word[0]);
  if (std::iscntrl(first) != 0) return "a control character";
  if (first < 0x80) return "'" + word + "'";
  constexpr std::string_view kDigits = "0123456789abcdef";
  return std::string("the byte 0x") + kDigits[first >> 4] + kDigits[first & 15];
}

// Walks the text and leaves behind how far the parser has read, which its callbacks do not say.
class TrackedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedIterator(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  TrackedIterator& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  TrackedIterator operator++(int) {
    TrackedIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const TrackedIterator& other) const { return at_ == other.at_; }
  bool operator!=(const TrackedIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// Builds the value from the parser's callbacks. Any callback that returns false ends the parsing.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::string_view text, const std::string& name) : text_(text), name_(name), reached_(text.data()) {}

  const char** reached() { return &reached_; }
  std::variant<Value, Problem> finish() && {
    if (problem_) return *std::move(problem_);
    return std::move(root_);
  }

  bool null() override { return add(Value{}); }
  bool boolean(bool value) override { return add(Value{Shape::kBoolean, value ? "true" : "false"}); }
  bool number_integer(number_integer_t value) override { return add(Value{Shape::kNumber, std::to_string(value)}); }
  bool number_unsigned(number_unsigned_t value) override { return add(Value{Shape::kNumber, std::to_string(value)}); }
  bool number_float(number_float_t, const string_t& text) override { return add(Value{Shape::kNumber, text}); }
  bool string(string_t& text) override { return add(Value{Shape::kString, text}); }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(Shape::kObject); }
  bool start_array(std::size_t) override { return open(Shape::kList); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& text) override {
    key_ = text;
    key_place_ = place_of(text_, key_start(), name_);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    const std::size_t last = position == 0 ? 0 : position - 1;
    if (last >= text_.size()) {
      problem_ = Problem{place_of(text_, last, name_), "not valid JSON: it ends too early"};
    } else {
      const std::string word = word_ending_at(last);
      problem_ = Problem{place_of(text_, last + 1 - word.size(), name_), "not valid JSON at " + shown(word)};
    }
    return false;
  }

 private:
  // The number or name that ends here, or the character itself. What the parser calls its last token reaches too far.
  std::string word_ending_at(std::size_t last) const {
    const auto in_word = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
    };
    std::size_t first = last;
    while (in_word(text_[last]) && first > 0 && in_word(text_[first - 1])) --first;
    return std::string(text_.substr(first, last + 1 - first));
  }

  // The parser stands right behind the key's closing quote; its opening one is the nearest that is not escaped.
  std::size_t key_start() const {
    std::size_t quote = static_cast<std::size_t>(reached_ - text_.data()) - 1;
    for (bool escaped = true; escaped;) {
      quote = text_.rfind('"', quote - 1);
      const std::size_t before = text_.find_last_not_of('\\', quote - 1);
      escaped = (quote - 1 - before) % 2 == 1;
    }
    return quote;
  }

  bool add(Value value) {
    place(std::move(value));
    return true;
  }

  Value* place(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Value& parent = *open_.back();
    if (parent.shape == Shape::kList) {
      value.place = parent.place;
      return &parent.items.emplace_back(std::move(value));
    }
    value.place = key_place_;
    return &parent.members.emplace_back(key_, std::move(value)).second;
  }

  bool open(Shape shape) {
    if (open_.size() == kMaxDepth) {
      const std::size_t offset = static_cast<std::size_t>(reached_ - text_.data());
      problem_ = Problem{place_of(text_, offset, name_), "nested deeper than " + std::to_string(kMaxDepth)};
      return false;
    }
    open_.push_back(place(Value{shape}));  // a parent does not grow while its child is open, so pointers hold
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  const std::string& name_;
  const char* reached_;
  Value root_;
  std::vector<Value*> open_;
  std::string key_;
  std::string key_place_;
  std::optional<Problem> problem_;
};

}  // namespace

std::variant<Value, Problem> read_json(std::string_view text, const std::string& name) {
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {  // the parser would stop there
    return Problem{place_of(text, zero, name), "not valid JSON at a control character"};
  }
  Builder builder(text, name);
  const TrackedIterator begin(text.data(), builder.reached());
  const TrackedIterator end(text.data() + text.size(), builder.reached());
  static_cast<void>(nlohmann::json::sax_parse(begin, end, &builder));  // failures reach the builder
  return std::move(builder).finish();
}

}  // namespace driftcast
