// The experts that forecast a user's volume, and what they say: one number per expert and horizon.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace driftcast {

enum class Expert : std::uint8_t {
  kArima,     // ARIMA(1,1,1) of sqrt(counts), updated online
  kEwmaSlow,  // exponentially weighted mean, weight 0.1
  kEwmaFast,  // weight 0.3
  kSeasonal,  // slow level times a profile over the week
  kTsb,       // Teunter, Syntetos, Babai: probability of an event times its size
  kSegment,   // mean of the users with a like rate
  kNetwork,   // the recurrent network, where a model directory has one
};

inline constexpr std::size_t kExperts = 7;
inline constexpr auto kArimaIndex = static_cast<std::size_t>(Expert::kArima);
inline constexpr auto kNetworkIndex = static_cast<std::size_t>(Expert::kNetwork);
inline constexpr std::array<std::string_view, kExperts> kExpertNames = {"arima", "ewma_slow", "ewma_fast", "seasonal",
                                                                        "tsb",   "segment",   "lstm"};

constexpr std::string_view name(Expert expert) { return kExpertNames[static_cast<std::size_t>(expert)]; }

using ExpertForecasts = std::array<float, kExperts>;  // mean of the sum of the next `horizon` steps' counts

struct VolumeForecasts {
  ExpertForecasts mean{};
  std::uint8_t available = 0;  // bit i: expert i has spoken

  bool has(Expert expert) const { return (available >> static_cast<unsigned>(expert) & 1U) != 0; }
  void set(Expert expert, double value) {
    mean[static_cast<std::size_t>(expert)] = static_cast<float>(value);
    available = static_cast<std::uint8_t>(available | 1U << static_cast<unsigned>(expert));
  }
};

}  // namespace driftcast
