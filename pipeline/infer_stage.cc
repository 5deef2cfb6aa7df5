// Infer: feature rows into the windows, and, once a model directory has one, a carried network step per closed step.
// Owns the table `windows`.

#include "pipeline/stages.h"

namespace driftcast {

void infer_stage(InferLane& lane, Parcel& parcel) noexcept {
  if (parcel.failure) return;
  for (const StepClosed& step : parcel.steps) {
    auto found = lane.windows.edit(step.user);
    if (!found) {
      parcel.failure = found.error();
      return;
    }
    append_row(*found->state, step);
  }
  if (parcel.marker && parcel.marker->ship) lane.windows.encode_dirty(parcel.epoch, parcel.marker->entries);
  lane.windows.trim();
}

}  // namespace driftcast
