// Outbox: what a stage wants published, in the order it came forth, each with the position that brought it.
//
// Records of one partition are ordered by (position, stage), whatever slices and epochs they came through; that makes
// the order of a topic's records within a partition a function of the log alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/reason.h"

namespace driftcast {

enum class Topic : std::uint8_t { kForecasts, kDrift, kSessions, kLate, kDeadLetters };
inline constexpr std::size_t kTopics = 5;

// For late and dead letters `key` and `value` are the original bytes; the offset is the position's.
struct OutboxRecord {
  Topic topic = Topic::kForecasts;
  Reason reason = Reason::kNone;  // late and dead letters only
  Position position;
  std::string_view key, value;
  std::string_view field;  // dead letters: the field to blame, or empty
  std::size_t cut = 0;     // bytes that the value had beyond these
};

class Outbox {
 public:
  // Appends a record; the bytes are copied.
  void add(Topic topic, const Position& position, std::string_view key, std::string_view value,
           Reason reason = Reason::kNone, std::string_view field = {}, std::size_t cut = 0) {
    items_.push_back({topic, reason, position, bytes_.size(), key.size(), value.size(), field.size(), cut});
    bytes_.append(key).append(value).append(field);
  }

  std::size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  std::size_t bytes() const { return bytes_.size(); }

  // Views borrow from the outbox until the next add().
  OutboxRecord operator[](std::size_t i) const {
    const Item& item = items_[i];
    const std::string_view all(bytes_);
    OutboxRecord record{item.topic, item.reason, item.position, {}, {}, {}, item.cut};
    record.key = all.substr(item.begin, item.key);
    record.value = all.substr(item.begin + item.key, item.value);
    record.field = all.substr(item.begin + item.key + item.value, item.field);
    return record;
  }

  // Appends the records of two outboxes that are each in position order, `first` before `second` at equal positions.
  void merge(const Outbox& first, const Outbox& second) {
    std::size_t j = 0;
    const auto copy = [this](const OutboxRecord& r) {
      add(r.topic, r.position, r.key, r.value, r.reason, r.field, r.cut);
    };
    for (std::size_t i = 0; i < first.size(); ++i) {
      for (; j < second.size() && second.items_[j].position < first.items_[i].position; ++j) copy(second[j]);
      copy(first[i]);
    }
    for (; j < second.size(); ++j) copy(second[j]);
  }

 private:
  struct Item {
    Topic topic;
    Reason reason;
    Position position;
    std::size_t begin, key, value, field, cut;
  };
  std::vector<Item> items_;
  std::string bytes_;
};

}  // namespace driftcast
