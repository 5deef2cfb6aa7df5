// DueQueue: which user falls due next, in (time, user) order. Derived from the users' states, never stored.
//
// Entries are hints: a user may have several, and one may have been overtaken by later events. Whoever takes the first
// entry asks the user's state whether it is really due then; equal entries are taken together.
//
// A calendar: entries lie unsorted in buckets of a quarter of an hour, and a bucket is sorted when its time has come; what
// is pushed into the time under way lies in a heap beside it. At a midnight of a million users this touches memory in
// order, where one heap of all entries would miss the cache at every level.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.h"

namespace driftcast {

class DueQueue {
 public:
  void push(EventTime due, std::string_view user) {
    ++size_;
    if (bucket_of(due) > current_) {
      buckets_[bucket_of(due)].push_back({due, std::string(user)});
      if (nothing_at_hand()) open_next();
    } else {
      heap_.push_back({due, std::string(user)});
      std::push_heap(heap_.begin(), heap_.end(), later);
    }
  }

  bool empty() const { return size_ == 0; }
  EventTime first_due() const { return empty() ? kEndOfTime : first().due; }

  // Takes the first entry and all equal to it. Requires: not empty.
  std::string take(EventTime& due) {
    Entry taken = pop();
    while (!empty() && first().due == taken.due && first().user == taken.user) pop();
    due = taken.due;
    return std::move(taken.user);
  }

  void clear() { *this = DueQueue(); }
  std::size_t size() const { return size_; }

 private:
  struct Entry {
    EventTime due;
    std::string user;
  };
  static constexpr Duration kBucket = std::chrono::minutes(15);
  static constexpr std::int64_t kBeforeAll = INT64_MIN;

  static bool later(const Entry& a, const Entry& b) { return a.due != b.due ? a.due > b.due : a.user > b.user; }
  static std::int64_t bucket_of(EventTime due) { return StepGrid{kBucket, Duration{0}}.step_of(due); }

  bool nothing_at_hand() const { return sorted_.empty() && heap_.empty(); }
  bool first_is_sorted() const { return heap_.empty() || (!sorted_.empty() && later(heap_.front(), sorted_.back())); }
  const Entry& first() const { return first_is_sorted() ? sorted_.back() : heap_.front(); }

  Entry pop() {
    --size_;
    std::vector<Entry>& from = first_is_sorted() ? sorted_ : heap_;
    if (&from == &heap_) std::pop_heap(heap_.begin(), heap_.end(), later);
    Entry entry = std::move(from.back());
    from.pop_back();
    if (nothing_at_hand()) open_next();
    return entry;
  }

  void open_next() {
    if (buckets_.empty()) return;
    current_ = buckets_.begin()->first;
    sorted_ = std::move(buckets_.begin()->second);
    buckets_.erase(buckets_.begin());
    std::sort(sorted_.begin(), sorted_.end(), later);
  }

  std::vector<Entry> sorted_;            // of the bucket under way, latest first
  std::vector<Entry> heap_;              // pushed since into its time, or before it
  std::map<std::int64_t, std::vector<Entry>> buckets_;  // after it
  std::int64_t current_ = kBeforeAll;
  std::size_t size_ = 0;
};

}  // namespace driftcast
