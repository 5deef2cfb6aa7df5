// DueQueue: which user falls due next, in (time, user) order. Derived from the users' states, never stored.
//
// Entries are hints: a user may have several, and one may have been overtaken by later events. Whoever takes the first
// entry asks the user's state whether it is really due then; equal entries are taken together.
//
// A calendar: entries lie unsorted in buckets of a quarter of an hour, and a bucket's order is found when its time has
// come; what is pushed into the time under way lies in a heap beside it. At a midnight of a million users this touches
// memory in order, where one heap of all entries would miss the cache at every level.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "core/time.h"

namespace driftcast {

class DueQueue {
 public:
  struct Entry {
    Entry(EventTime time, const HashedKey& key)
        : due(time), prefix(prefix_of(key.bytes)), hash(key.hash), user(key.bytes) {}

    EventTime due;
    std::uint64_t prefix;  // of the user, ordered like it: spares most comparisons of strings
    std::uint64_t hash;    // of the user
    std::string user;

    HashedKey key() const { return {user, hash}; }
  };

  void push(EventTime due, const HashedKey& user) {
    ++size_;
    if (bucket_of(due) > current_) {
      buckets_[bucket_of(due)].emplace_back(due, user);
      if (nothing_at_hand()) open_next();
    } else {
      heap_.emplace_back(due, user);
      std::push_heap(heap_.begin(), heap_.end(), later);
    }
  }

  bool empty() const { return size_ == 0; }
  EventTime first_due() const { return empty() ? kEndOfTime : first().due; }

  // Takes the first entry and all equal to it. Requires: not empty.
  Entry take() {
    Entry taken = pop();
    while (!empty() && first().due == taken.due && first().user == taken.user) pop();
    return taken;
  }

  // Whose turn it most likely is after n more takes; empty: not known.
  HashedKey ahead(std::size_t n) const {
    return n < order_.size() ? at_hand_[order_[order_.size() - 1 - n].index].key() : HashedKey();
  }

  void clear() { *this = DueQueue(); }
  std::size_t size() const { return size_; }

 private:
  static constexpr Duration kBucket = std::chrono::minutes(15);
  static constexpr std::int64_t kBeforeAll = INT64_MIN;

  // Of an entry at hand; what sorting moves about.
  struct Place {
    EventTime due;
    std::uint64_t prefix;
    std::uint32_t index;
  };

  static bool later(const Entry& a, const Entry& b) {
    if (a.due != b.due) return a.due > b.due;
    return a.prefix != b.prefix ? a.prefix > b.prefix : a.user > b.user;
  }
  // The first eight bytes as a number, most significant first, zeros behind a shorter name.
  static std::uint64_t prefix_of(std::string_view name) {
    std::uint64_t prefix = 0;
    std::memcpy(&prefix, name.data(), std::min(name.size(), sizeof prefix));
    return __builtin_bswap64(prefix);
  }
  static std::int64_t bucket_of(EventTime due) { return StepGrid{kBucket, Duration{0}}.step_of(due); }

  bool nothing_at_hand() const { return order_.empty() && heap_.empty(); }
  const Entry& first_at_hand() const { return at_hand_[order_.back().index]; }
  bool first_is_at_hand() const { return heap_.empty() || (!order_.empty() && later(heap_.front(), first_at_hand())); }
  const Entry& first() const { return first_is_at_hand() ? first_at_hand() : heap_.front(); }

  Entry pop() {
    --size_;
    Entry entry = first_is_at_hand() ? pop_at_hand() : pop_heap();
    if (nothing_at_hand()) open_next();
    return entry;
  }

  Entry pop_at_hand() {
    Entry& entry = at_hand_[order_.back().index];
    order_.pop_back();
    return std::move(entry);
  }

  Entry pop_heap() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Entry entry = std::move(heap_.back());
    heap_.pop_back();
    return entry;
  }

  void open_next() {
    if (buckets_.empty()) return;
    current_ = buckets_.begin()->first;
    at_hand_ = std::move(buckets_.begin()->second);
    buckets_.erase(buckets_.begin());
    order_.clear();
    for (const Entry& entry : at_hand_)
      order_.push_back({entry.due, entry.prefix, static_cast<std::uint32_t>(order_.size())});
    std::sort(order_.begin(), order_.end(), [this](const Place& a, const Place& b) {
      if (a.due != b.due) return a.due > b.due;
      return a.prefix != b.prefix ? a.prefix > b.prefix : at_hand_[a.index].user > at_hand_[b.index].user;
    });
  }

  std::vector<Entry> at_hand_;                          // the bucket under way, as it was filled; those taken are empty
  std::vector<Place> order_;                            // of those at hand, latest first
  std::vector<Entry> heap_;                             // pushed since into its time, or before it
  std::map<std::int64_t, std::vector<Entry>> buckets_;  // after it
  std::int64_t current_ = kBeforeAll;
  std::size_t size_ = 0;
};

}  // namespace driftcast
