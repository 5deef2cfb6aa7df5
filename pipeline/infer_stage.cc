// Infer: feature rows into the windows, and a carried step of the network per closed step. Owns the table `windows`.

#include "operators/infer.h"
#include "pipeline/stages.h"

namespace driftcast {

void infer_stage(InferLane& lane, Parcel& parcel) noexcept {
  if (parcel.failure) return;
  std::vector<StepClosed>& steps = parcel.steps;
  for (StepClosed& step : steps) {
    lane.windows.look_ahead([&](std::size_t n) { return user_ahead(steps, step, n); });
    auto found = lane.windows.edit({step.user, step.user_hash});
    if (!found) {
      parcel.failure = found.error();
      break;
    }
    lane.batch.add(*found->state, step);
  }
  lane.batch.run();  // also on a failure: what is planned points into this parcel, and others may follow it
  if (parcel.failure) return;
  if (parcel.marker && parcel.marker->ship) lane.windows.encode_dirty(parcel.epoch, parcel.marker->entries);
  lane.windows.trim();
}

}  // namespace driftcast
