// Interests: what a user's events were about, bounded, with exact total mass.
//
// At most `max` categories are kept; when a new one comes and all slots are taken, the one with the least level gives
// its masses to `other` and its slot to the newcomer (ties: the older slot). Three masses per category:
//   level      discounted 0.97 per event: what the user likes now (notes on shares: about 0.97 per event)
//   recent     discounted 0.90 per event: what the user likes right now
//   reference  undiscounted since the last confirmed drift: the detector's reference
// Discounting is lazy: instead of shrinking the old, the new weighs more, and all is rescaled now and then.
// A slot's number is stable until it is evicted; hashes lie apart because the search touches nothing else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/prefetch.h"

namespace driftcast {

struct Interest {
  std::string category;
  float level = 0, recent = 0, reference = 0;
};

struct Masses {
  float level = 0, recent = 0, reference = 0;
};

struct Interests {
  std::vector<std::uint64_t> hashes;  // of the categories, slot by slot
  std::vector<Interest> slots;
  Masses other;                           // of evicted categories
  Masses total;                           // other and all slots together
  float level_unit = 1, recent_unit = 1;  // what one event of weight 1 weighs now
  bool capped = false;
};

inline constexpr int kNoSlot = -1;

// Slot of a category, or kNoSlot.
int find(const Interests& interests, std::uint64_t hash);

// Slot for a category not kept so far. `evicted` is told which slot changes its owner, or kNoSlot.
int claim(Interests& interests, std::string_view category, std::uint64_t hash, std::size_t max, int& evicted);

// Counts one event in a slot. `level` grows by the weight of its kind; `recent` and `reference` by one, and only when
// the event is `novel`: the first of its category in its session (a basket of ten books is one occasion for books).
void add(Interests& interests, int slot, float weight, bool novel);

// Brings the units back to one and drops what has faded. Called at closed steps; bounds the size of what is stored.
void settle(Interests& interests);

// After a confirmed drift the reference is mostly what is recent: reference <- 0.2 reference + recent.
void forget_reference(Interests& interests);

std::size_t footprint(const Interests& interests);

// Brings near what a search reads, and the first slots.
inline void prefetch_parts(const Interests& interests) {
  constexpr std::size_t kFirst = 6;
  prefetch(interests.hashes.data());
  for (std::size_t i = 0; i < interests.slots.size() && i < kFirst; ++i) prefetch(&interests.slots[i]);
}

template <class Archive>
void fields(Archive& archive, Interest& interest) {
  std::array<float, 3> masses{interest.level, interest.recent, interest.reference};
  archive(interest.category, masses);
  interest.level = masses[0];
  interest.recent = masses[1];
  interest.reference = masses[2];
}
template <class Archive>
void fields(Archive& archive, Masses& masses) {
  archive(masses.level, masses.recent, masses.reference);
}

}  // namespace driftcast
