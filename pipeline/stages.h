// The stages, in order. Each takes a parcel, works on its own part of the parcel's lane and passes the parcel on.
//
// A stage is serial per lane and never throws: a failure travels in the parcel. The table of stages is the topology:
// both runners are built from it and `driftcast describe` prints it.
#pragma once

#include <array>
#include <string_view>

#include "pipeline/parcel.h"

namespace driftcast {

class Decoder;

void decode_stage(Decoder& decoder, Parcel& parcel) noexcept;
void fold_stage(FoldLane& lane, Parcel& parcel) noexcept;
void infer_stage(InferLane& lane, Parcel& parcel) noexcept;
void judge_stage(JudgeLane& lane, Parcel& parcel) noexcept;

}  // namespace driftcast
