// Stable hashes: the same bytes give the same number on every machine and in every version (never std::hash).
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace driftcast {

// MurmurHash2 (32 bit) with the seed of Kafka's Java client: partition = (murmur2(key) & 0x7fffffff) % partitions.
// Source: org.apache.kafka.common.utils.Utils.murmur2.
inline std::uint32_t murmur2(std::string_view key) {
  constexpr std::uint32_t m = 0x5bd1e995;
  std::uint32_t h = 0x9747b28cU ^ static_cast<std::uint32_t>(key.size());
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(key[i])); };
  std::size_t i = 0;
  for (; i + 4 <= key.size(); i += 4) {
    std::uint32_t k = byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24;
    k *= m;
    k ^= k >> 24;
    k *= m;
    h = (h * m) ^ k;
  }
  switch (key.size() - i) {
    case 3: h ^= byte(i + 2) << 16; [[fallthrough]];
    case 2: h ^= byte(i + 1) << 8; [[fallthrough]];
    case 1: h = (h ^ byte(i)) * m; break;
    default: break;
  }
  h = (h ^ (h >> 13)) * m;
  return h ^ (h >> 15);
}

inline int partition_of(std::string_view key, int partitions) {
  return static_cast<int>((murmur2(key) & 0x7fffffffU) % static_cast<std::uint32_t>(partitions));
}

// MurmurHash64A (Austin Appleby, public domain): names of categories, event ids, checksums, digests.
inline std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0) {
  constexpr std::uint64_t m = 0xc6a4a7935bd1e995ULL;
  std::uint64_t h = seed ^ (bytes.size() * m);
  const char* p = bytes.data();
  const char* end = p + (bytes.size() & ~std::size_t{7});
  for (; p != end; p += 8) {
    std::uint64_t k = 0;
    std::memcpy(&k, p, 8);
    k *= m;
    k ^= k >> 47;
    h = (h ^ (k * m)) * m;
  }
  std::uint64_t tail = 0;
  if (const std::size_t rest = bytes.size() & 7; rest != 0) {
    std::memcpy(&tail, p, rest);
    h = (h ^ tail) * m;
  }
  h = (h ^ (h >> 47)) * m;
  return h ^ (h >> 47);
}

// A key and its hash64, which is worth computing once: it is the place of a user's state in every table. Any text is a
// key, so it comes of one without a word.
struct HashedKey {
  HashedKey() = default;
  template <std::convertible_to<std::string_view> Text>
  HashedKey(const Text& key) : bytes(key), hash(hash64(bytes)) {}  // NOLINT(google-explicit-constructor)
  HashedKey(std::string_view key, std::uint64_t known) : bytes(key), hash(known) {}

  std::string_view bytes;
  std::uint64_t hash = 0;
};

}  // namespace driftcast
