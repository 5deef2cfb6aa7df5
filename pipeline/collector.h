// Collector: the end of the stages. Gathers every lane's outputs until all markers of an epoch are in.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "pipeline/epoch.h"
#include "pipeline/parcel.h"

namespace driftcast {

// Parcels of one lane arrive in order; calls are serial. Cost: one copy of the parcel's outputs.
class Collector {
 public:
  explicit Collector(std::size_t lanes) : open_(lanes) {}

  // Takes a parcel; returns the epoch when this was its last marker.
  std::optional<Epoch> collect(Parcel&& parcel) {
    Outbox& open = open_[parcel.lane->slot];
    open.merge(parcel.fold_outputs, parcel.judge_outputs);
    if (!parcel.marker) return std::nullopt;
    parcel.marker->outputs = std::exchange(open, Outbox{});
    const std::size_t of_lanes = parcel.marker->of_lanes;
    epoch_.number = parcel.epoch;
    epoch_.lanes.push_back(std::move(*parcel.marker));
    if (epoch_.lanes.size() < of_lanes) return std::nullopt;
    std::sort(epoch_.lanes.begin(), epoch_.lanes.end(),
              [](const LaneEpoch& a, const LaneEpoch& b) { return a.partition < b.partition; });
    return std::exchange(epoch_, Epoch{});
  }

 private:
  std::vector<Outbox> open_;  // by the lane's slot
  Epoch epoch_;
};

}  // namespace driftcast
