// Random: chance that is the same on every machine. The standard library's distributions differ between
// implementations; these do not, so a seed names a sequence.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace driftcast {

// One step of splitmix64 (Sebastiano Vigna, public domain): a bijection, so distinct numbers stay distinct.
constexpr std::uint64_t scramble(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// xoshiro256** (David Blackman and Sebastiano Vigna, public domain).
class Random {
 public:
  // Streams of one seed are independent of each other: one per user makes users independent of their number.
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) {
    std::uint64_t x = scramble(seed) ^ scramble(~stream);
    for (std::uint64_t& word : state_) word = x = scramble(x);
  }

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Uniform in [0, n); n must be above 0. The bias, n / 2^32, does not matter here.
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>((next() >> 32) * n >> 32); }

  // Uniform in [low, high].
  int between(int low, int high) { return low + static_cast<int>(below(static_cast<std::uint32_t>(high - low + 1))); }

  // Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  bool chance(double probability) { return unit() < probability; }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace driftcast
