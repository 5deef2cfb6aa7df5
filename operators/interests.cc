#include "operators/interests.h"

#include <algorithm>
#include <cmath>

namespace driftcast {
namespace {

constexpr float kLevelDiscount = 0.97F;
constexpr float kRecentDiscount = 0.90F;
constexpr float kLargestUnit = 1e6F;
constexpr float kFaded = 1e-3F;  // in units of one event

void rescale(float Interest::*slot_mass, float Masses::*mass, float& unit, Interests& interests) {
  const float factor = 1 / unit;
  const auto shrink = [factor](float x) { return x * factor < kFaded ? 0 : x * factor; };
  float sum = interests.other.*mass = shrink(interests.other.*mass);
  for (Interest& slot : interests.slots) sum += slot.*slot_mass = shrink(slot.*slot_mass);
  interests.total.*mass = sum;
  unit = 1;
}

}  // namespace

int find(const Interests& interests, std::uint64_t hash) {
  const auto& hashes = interests.hashes;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    if (hashes[i] == hash) return static_cast<int>(i);
  }
  return kNoSlot;
}

int claim(Interests& interests, std::string_view category, std::uint64_t hash, std::size_t max, int& evicted) {
  evicted = kNoSlot;
  if (interests.slots.size() < max) {
    interests.hashes.push_back(hash);
    interests.slots.push_back(Interest{std::string(category), 0, 0, 0});
    return static_cast<int>(interests.slots.size()) - 1;
  }
  const auto least = std::min_element(interests.slots.begin(), interests.slots.end(),
                                      [](const Interest& a, const Interest& b) { return a.level < b.level; });
  interests.other.level += least->level;
  interests.other.recent += least->recent;
  interests.other.reference += least->reference;
  interests.capped = true;
  *least = Interest{std::string(category), 0, 0, 0};
  evicted = static_cast<int>(least - interests.slots.begin());
  interests.hashes[static_cast<std::size_t>(evicted)] = hash;
  return evicted;
}

void add(Interests& interests, int slot, float weight, bool novel) {
  Interest& interest = interests.slots[static_cast<std::size_t>(slot)];
  interests.level_unit /= kLevelDiscount;
  const float level = weight * interests.level_unit;
  interest.level += level;
  interests.total.level += level;
  if (novel) {
    interests.recent_unit /= kRecentDiscount;
    interest.recent += interests.recent_unit;
    interests.total.recent += interests.recent_unit;
    interest.reference += 1;
    interests.total.reference += 1;
  }
  if (interests.level_unit > kLargestUnit) rescale(&Interest::level, &Masses::level, interests.level_unit, interests);
  if (interests.recent_unit > kLargestUnit) {
    rescale(&Interest::recent, &Masses::recent, interests.recent_unit, interests);
  }
}

void settle(Interests& interests) {
  rescale(&Interest::level, &Masses::level, interests.level_unit, interests);
  rescale(&Interest::recent, &Masses::recent, interests.recent_unit, interests);
}

void forget_reference(Interests& interests) {
  const float unit = interests.recent_unit;
  const auto mix = [unit](float reference, float recent) { return std::round(0.2F * reference + recent / unit); };
  float sum = interests.other.reference = mix(interests.other.reference, interests.other.recent);
  for (Interest& slot : interests.slots) sum += slot.reference = mix(slot.reference, slot.recent);
  interests.total.reference = sum;
}

std::size_t footprint(const Interests& interests) {
  std::size_t bytes =
      interests.hashes.capacity() * sizeof(std::uint64_t) + interests.slots.capacity() * sizeof(Interest);
  for (const Interest& slot : interests.slots) {
    if (slot.category.capacity() > 15) bytes += slot.category.capacity() + 1;
  }
  return bytes;
}

}  // namespace driftcast
