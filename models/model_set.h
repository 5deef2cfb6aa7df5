// ModelSet: everything about forecasting that is fixed before the first event: segments with their priors, and a network
// where a model directory has one. Immutable; shared by all lanes and threads.
//
// A segment is an activity bucket: users whose decayed rate of events per step lies below `below` and not below the
// bound of the segment before. What a partition learns of its own crowd starts from the segment's priors.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/expert.h"
#include "models/arima.h"
#include "models/network.h"

namespace driftcast {

inline constexpr std::size_t kSegments = 8;

// Ages of a user, by steps with events: users appear because they are active, so the levels after one busy day mean less
// than the same levels after ten.
inline constexpr std::size_t kAges = 3;
inline std::size_t age_of(std::uint32_t active_steps) { return active_steps < 3 ? 0 : active_steps < 10 ? 1 : 2; }

struct ModelSet {
  struct Segment {
    double below = 0;       // events per step; the last one is unbounded
    double mean = 0;        // events per step
    double dispersion = 1;  // (variance - mean) / mean^2 of a horizon's sum around its forecast
    ArimaPrior arima;
    std::array<ExpertForecasts, kAges> weights{};  // of the experts in the joint forecast
  };

  std::string id;
  std::uint64_t hash = 0;  // of everything here that can change an output
  std::array<Segment, kSegments> segments{};
  std::uint64_t network_hash = 0;          // hash_of() the network's weights; 0: none
  std::shared_ptr<const Network> network;  // null: none
};

// Index of the segment for a rate.
inline int segment_of(double rate, const ModelSet& models) {
  int segment = 0;
  while (segment + 1 < static_cast<int>(kSegments) &&
         rate >= models.segments[static_cast<std::size_t>(segment)].below) {
    ++segment;
  }
  return segment;
}

// The shipped priors, without a network. Fitted on the generator by the command named in default_priors.cc.
const ModelSet& default_models();

// Fills in `hash` from the rest. A network enters by `network_hash`, wherever it runs.
void seal(ModelSet& models);

// The models with this network (hash_of() its weights) in the place of theirs, sealed; null and 0: without any.
ModelSet with_network(ModelSet models, std::shared_ptr<const Network> network, std::uint64_t network_hash);

}  // namespace driftcast
