// Table: one partition's states of one kind, decoded, in memory as far as the budget allows, the rest in the store.
//
// For one thread, the stage that owns the table; only written() and dirty_bytes() may be called from others.
// Dirty entries stay until they are shipped; shipped entries and deletions stay until the store holds the last epoch
// that encoded them, so a read never finds an older state than the last edit. Only trim() evicts.
// State needs kFormat, fields() (state/codec.h) and, found beside it, std::size_t footprint(const State&): heap bytes.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "core/linear_probing.h"
#include "core/prefetch.h"
#include "core/result.h"
#include "state/codec.h"
#include "state/store.h"

namespace driftcast {

template <class State>
class Table {
 public:
  struct Found {
    State* state;  // valid until trim(), clear() or erase() of its key
    bool created;  // there was none: it is default-constructed
  };

  Table(Store& store, Partition partition, TableId table, std::int64_t budget_bytes)
      : store_(store), partition_(partition), table_(table), budget_(budget_bytes), slots_(kInitialSlots) {}

  // The state to be changed: from memory, from the store, or new. It counts as dirty from here on.
  Result<Found> edit(const HashedKey& key) {
    Cached* entry = find(key);
    if (entry == nullptr) [[unlikely]] {
      auto loaded = load(key);
      if (!loaded) return loaded.error();
      entry = *loaded;
    }
    entry->used = true;
    const bool created = !entry->state.has_value();
    if (created) entry->state.emplace();
    mark_dirty(*entry);
    return Found{&*entry->state, created};
  }

  // The state as it is, or nullptr; valid as long as one from edit().
  Result<const State*> peek(const HashedKey& key) {
    Cached* entry = find(key);
    if (entry == nullptr) [[unlikely]] {
      auto loaded = load(key);
      if (!loaded) return loaded.error();
      entry = *loaded;
    }
    entry->used = true;
    return static_cast<const State*>(entry->state ? &*entry->state : nullptr);
  }

  // A deletion, shipped as a tombstone also for a key that the store has not seen. Reads nothing.
  Result<void> erase(const HashedKey& key) {
    Cached* entry = find(key);
    if (entry == nullptr) entry = insert(key, std::nullopt);
    entry->state.reset();
    mark_dirty(*entry);
    return {};
  }

  // Brings states near for edits to come; call it before each edit of a long row of them. Pure speed: nothing changes.
  // `key_ahead(n)` is the HashedKey that is edited n edits later; empty: none is known. What an entry points to is brought near
  // by prefetch_parts(const State&), found beside State.
  template <class KeyAhead>
  void look_ahead(KeyAhead key_ahead) const {
    constexpr std::size_t kPlace = 6, kEntry = 4, kParts = 2;  // a miss costs about as much as one edit
    prefetch(&slots_[home(key_ahead(kPlace).hash)]);
    if (const Cached* entry = nearby(key_ahead(kEntry))) {
      const char* const begin = reinterpret_cast<const char*>(entry);
      for (std::size_t line = 0; line < sizeof(Cached); line += 64) prefetch(begin + line);
    }
    if (const Cached* entry = nearby(key_ahead(kParts)); entry != nullptr && entry->state)
      prefetch_parts(*entry->state);
  }

  // Appends all dirty entries, by key, and pins them until written(epoch). Epochs begin at 1 and do not decrease.
  void encode_dirty(std::uint64_t epoch, std::vector<Entry>& out) {
    std::sort(dirty_.begin(), dirty_.end(), [](const Cached* a, const Cached* b) { return a->key < b->key; });
    out.reserve(out.size() + dirty_.size());
    for (Cached* entry : dirty_) {
      out.push_back({table_, entry->key, entry->state ? std::optional(encode_value(*entry->state)) : std::nullopt});
      entry->dirty = false;
      entry->encoded = epoch;
      if (!entry->state) {
        leaving_.push_back({epoch, entry});
        ++entry->leaving;
      }
      measure(*entry);
    }
    dirty_.clear();
    dirty_bytes_.store(0, std::memory_order_relaxed);
  }

  // The store holds everything that was encoded up to this epoch. Any thread.
  void written(std::uint64_t epoch) { written_.store(epoch, std::memory_order_release); }

  // Evicts clean, unpinned entries until the budget is kept, by a clock: one turn of grace for each use.
  // Cost: at most two turns of the clock. Where they leave nothing but pinned entries and still too many, the next
  // turns wait for a written epoch or for an eighth more entries: what is pinned is not searched again and again.
  void trim() {
    const std::uint64_t written = written_.load(std::memory_order_acquire);
    let_go(written);
    const bool hopeless = written == stuck_.written && entries_.size() <= stuck_.entries + stuck_.entries / 8;
    if (bytes_ <= budget_ || hopeless) return;
    for (std::size_t steps = 2 * entries_.size(); bytes_ > budget_ && steps > 0 && !entries_.empty();) {
      if (hand_ >= entries_.size()) hand_ = 0;
      Cached& entry = *entries_[hand_];
      const bool stays =
          entry.dirty || entry.leaving > 0 || entry.encoded > written || std::exchange(entry.used, false);
      if (stays) {
        ++hand_;
        --steps;
      } else {
        evict(entry);
      }
    }
    stuck_ = bytes_ > budget_ ? Stuck{written, entries_.size()} : Stuck{};
  }

  // A rollback: forgets everything, also what is dirty or pinned.
  void clear() {
    entries_.clear();
    dirty_.clear();
    leaving_.clear();
    slots_.assign(kInitialSlots, Slot{});
    bytes_ = 0;
    dirty_bytes_.store(0, std::memory_order_relaxed);
    hand_ = 0;
    stuck_ = {};
  }

  // Memory, as measured when an entry was loaded, dirtied or encoded last; growth since then shows at the next of these.
  std::int64_t bytes() const { return bytes_; }
  std::int64_t dirty_bytes() const { return dirty_bytes_.load(std::memory_order_relaxed); }
  std::size_t size() const { return entries_.size(); }  // in memory, keys known to be absent included

 private:
  static constexpr std::size_t kInitialSlots = 1024;  // a power of two, at most half full

  struct Cached {
    std::string key;
    std::uint64_t hash = 0;
    std::uint64_t encoded = 0;  // last epoch that encoded it
    std::int64_t bytes = 0;
    std::size_t index = 0;  // among the entries
    bool dirty = false;
    int leaving = 0;  // how often it is among the deletions that wait to be written
    bool used = false;
    std::optional<State> state;  // none: known to be absent, or deleted
  };

  // The hash is here too, so that a probe that goes wrong touches no entry.
  struct Slot {
    std::uint64_t hash = 0;
    Cached* entry = nullptr;
  };

  // That was encoded.
  struct Deletion {
    std::uint64_t epoch = 0;
    Cached* entry = nullptr;
  };

  // What trim() left when it could not keep the budget: entries all pinned.
  struct Stuck {
    std::uint64_t written = 0;
    std::size_t entries = 0;
  };

  std::size_t home(std::uint64_t hash) const { return hash & (slots_.size() - 1); }
  std::size_t next(std::size_t slot) const { return (slot + 1) & (slots_.size() - 1); }

  Cached* find(const HashedKey& key) const {
    for (std::size_t i = home(key.hash); slots_[i].entry != nullptr; i = next(i)) {
      if (slots_[i].hash == key.hash && slots_[i].entry->key == key.bytes) return slots_[i].entry;
    }
    return nullptr;
  }

  // Most likely the key's entry; it is not touched.
  const Cached* nearby(const HashedKey& key) const {
    std::size_t i = home(key.hash);
    while (slots_[i].entry != nullptr && slots_[i].hash != key.hash) i = next(i);
    return slots_[i].entry;
  }

  Result<Cached*> load(const HashedKey& key) {
    auto bytes = store_.get(partition_, table_, key.bytes);
    if (!bytes) return bytes.error();
    if (!*bytes) return insert(key, std::nullopt);
    auto decoded = decode_value<State>(**bytes);
    if (decoded) return insert(key, std::move(*decoded));
    return error(decoded.error().code, "table " + std::string(name(table_)) + " of partition " +
                                           std::to_string(partition_) + ": " + decoded.error().message);
  }

  Cached* insert(const HashedKey& key, std::optional<State> state) {
    if (2 * (entries_.size() + 1) > slots_.size()) grow();
    entries_.push_back(std::make_unique<Cached>());
    Cached* entry = entries_.back().get();
    entry->index = entries_.size() - 1;
    entry->key = key.bytes;
    entry->hash = key.hash;
    entry->state = std::move(state);
    entry->used = true;
    place(entry);
    measure(*entry);
    return entry;
  }

  void place(Cached* entry) {
    std::size_t i = home(entry->hash);
    while (slots_[i].entry != nullptr) i = next(i);
    slots_[i] = {entry->hash, entry};
  }

  void grow() {
    slots_.assign(slots_.size() * 2, Slot{});
    for (auto& entry : entries_) place(entry.get());
  }

  // What the store no longer holds need not be known to be absent. Oldest deletions first.
  void let_go(std::uint64_t written) {
    while (!leaving_.empty() && leaving_.front().epoch <= written) {
      Cached& entry = *leaving_.front().entry;
      leaving_.pop_front();
      if (--entry.leaving == 0 && !entry.state && !entry.dirty && entry.encoded <= written) evict(entry);
    }
  }

  // The last entry takes the free place.
  void evict(Cached& entry) {
    bytes_ -= entry.bytes;
    unplace(entry);
    const std::size_t index = entry.index;
    std::swap(entries_[index], entries_.back());
    entries_[index]->index = index;
    entries_.pop_back();
  }

  void unplace(const Cached& entry) {
    std::size_t hole = home(entry.hash);
    while (slots_[hole].entry != &entry) hole = next(hole);
    const std::size_t free = close_gap(
        hole, slots_.size() - 1, [this](std::size_t i) { return slots_[i].entry != nullptr; },
        [this](std::size_t i) { return home(slots_[i].hash); },
        [this](std::size_t from, std::size_t to) { slots_[to] = slots_[from]; });
    slots_[free] = Slot{};
  }

  void mark_dirty(Cached& entry) {
    if (entry.dirty) return;
    entry.dirty = true;
    dirty_.push_back(&entry);
    measure(entry);
    dirty_bytes_.fetch_add(entry.bytes, std::memory_order_relaxed);
  }

  void measure(Cached& entry) {
    std::size_t now = sizeof(Cached) + 2 * sizeof(Slot) + sizeof(void*) + entry.key.size();
    if (entry.state) now += footprint(*entry.state);
    bytes_ += static_cast<std::int64_t>(now) - entry.bytes;
    entry.bytes = static_cast<std::int64_t>(now);
  }

  Store& store_;
  const Partition partition_;
  const TableId table_;
  const std::int64_t budget_;
  std::vector<std::unique_ptr<Cached>> entries_;
  std::vector<Slot> slots_;  // open addressing by hash
  std::vector<Cached*> dirty_;
  std::deque<Deletion> leaving_;
  std::size_t hand_ = 0;
  Stuck stuck_;
  std::int64_t bytes_ = 0;
  std::atomic<std::int64_t> dirty_bytes_{0};
  std::atomic<std::uint64_t> written_{0};
};

}  // namespace driftcast
