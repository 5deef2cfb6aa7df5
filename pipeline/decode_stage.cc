// Decode: bytes to events. Owns no table; the decoder is the calling thread's.

#include "pipeline/decode.h"
#include "pipeline/stages.h"

namespace driftcast {

void decode_stage(Decoder& decoder, Parcel& parcel) noexcept {
  if (!parcel.failure && parcel.input) decoder.decode(*parcel.input);
}

}  // namespace driftcast
