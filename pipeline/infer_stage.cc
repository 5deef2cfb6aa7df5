// Infer: feature rows into the windows, and a carried step of the network for each. Owns the table `windows`.

#include "operators/infer.h"
#include "pipeline/stages.h"

namespace driftcast {

void infer_stage(InferLane& lane, Parcel& parcel) noexcept {
  if (parcel.failure) return;
  std::vector<StepClosed*> steps;
  for (StepClosed& step : parcel.steps) {
    if (has_row(step)) steps.push_back(&step);
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    lane.windows.look_ahead([&](std::size_t n) { return i + n < steps.size() ? key_of(*steps[i + n]) : HashedKey(); });
    auto found = lane.windows.edit(key_of(*steps[i]));
    if (!found) {
      parcel.failure = found.error();
      break;
    }
    lane.batch.add(*found->state, *steps[i]);
  }
  lane.batch.run();  // also on a failure: what is planned points into this parcel, and others may follow it
  if (parcel.failure) return;
  if (parcel.marker && parcel.marker->ship) lane.windows.encode_dirty(parcel.epoch, parcel.marker->entries);
  lane.windows.trim();
}

}  // namespace driftcast
