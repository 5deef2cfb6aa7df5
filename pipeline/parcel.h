// Parcel: what travels through the stages: one slice's work of one lane, or the marker that ends an epoch there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/hash.h"
#include "core/result.h"
#include "core/step_closed.h"
#include "pipeline/epoch.h"
#include "pipeline/lane.h"
#include "pipeline/outbox.h"
#include "pipeline/slice.h"

namespace driftcast {

struct Parcel {
  Lane* lane = nullptr;
  std::uint64_t epoch = 0;
  std::unique_ptr<DecodedSlice> input;  // absent: go on with what is pending
  std::size_t budget = 0;               // records and drained users fold may work off in this parcel
  std::vector<StepClosed> steps;        // fold -> infer -> judge
  Outbox fold_outputs, judge_outputs;
  std::unique_ptr<LaneEpoch> marker;  // present: the epoch ends here; every stage adds its part
  std::optional<Error> failure;       // the first stage that cannot go on says why; later ones pass it on
};

inline HashedKey key_of(const StepClosed& closed) { return {closed.user, closed.user_hash}; }

// The user of the closed step n places after one of them; empty: there is none.
inline HashedKey user_ahead(const std::vector<StepClosed>& steps, const StepClosed& from, std::size_t n) {
  const std::size_t place = static_cast<std::size_t>(&from - steps.data()) + n;
  return place < steps.size() ? key_of(steps[place]) : HashedKey();
}

}  // namespace driftcast
