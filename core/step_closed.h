// StepClosed: the only message that fold sends to infer and judge, once per closed step of a user.
//
// It carries everything they need, so that nothing ever flows back: counts, the feature row, every expert's forecast,
// the detector's verdict. infer adds `net`; judge consumes it. A closed step never changes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/drift_signal.h"
#include "core/expert.h"
#include "core/features.h"
#include "core/ids.h"
#include "core/time.h"

namespace driftcast {

inline constexpr std::size_t kHorizonSlots = 4;  // most horizons a configuration may name

struct InterestShare {
  std::string category;
  float share = 0;  // of the user's coming events, in [0, 1]
  float trend = 0;  // recent share minus long-run share
};

inline constexpr std::size_t kRankSlots = 8;  // of a user's categories, by share, that the network tells apart

// What the network says after a step, per horizon slot of the configuration.
// Absent without a network, and where no forecast is due.
struct NetForecast {
  std::array<float, kHorizonSlots> volume{};             // mean of the sum over the horizon
  std::array<float, kHorizonSlots> dispersion{};         // of that sum: its variance is mean + dispersion mean^2
  std::array<float, kHorizonSlots> purchase{}, churn{};  // probabilities over the horizon; only when `purchases`
  std::array<float, kRankSlots + 1> shares{};  // first slot: added to the logs of the top shares and of the rest
  std::uint8_t available = 0;                  // bit i: the network knows the horizon of slot i
  bool purchases = false;                      // the network has learned from purchases

  bool has(std::size_t slot) const { return (available >> slot & 1U) != 0; }
};

struct StepClosed {
  static constexpr std::uint32_t kVersion = 1;

  Position position;  // at which the step closed: what suppression compares
  std::string user;
  std::uint64_t user_hash = 0;  // hash64(user)
  Step step = 0;
  EventTime as_of;                 // end of the step
  std::int64_t count = 0;          // events in the step
  std::uint32_t gap = 0;           // steps skipped before this one; all of them were empty
  std::uint32_t silence = 0;       // consecutive empty steps up to and with this one; 0 when the step has events
  std::uint32_t idle = 0;          // empty steps since the last one with events, this one and the gap included
  bool publish = false;            // a forecast is due after this step
  bool dormant = false;            // the user's last step until an event comes
  bool capped = false;             // categories have been folded into __other__
  bool returned = false;           // first step after dormancy
  bool reset = false;              // a drift was confirmed since the step before: forget weights and widths
  EventTime valid_until;           // when the next forecast is due at the latest
  std::int64_t events = 0;         // of the user so far
  std::int64_t steps = 0;          // since the user's first, this one included
  std::uint32_t active_steps = 0;  // of these: with events
  EventTime first_seen;
  float rate = 0;  // decayed events per step
  std::uint8_t segment = 0;
  DriftStatus drift;
  // Filled when `publish`:
  FeatureRow row{};
  std::array<VolumeForecasts, kHorizonSlots> volume{};
  std::vector<InterestShare> interests;  // top categories, largest share first
  float other = 0;                       // share of all the rest
  std::optional<NetForecast> net;
};

}  // namespace driftcast
