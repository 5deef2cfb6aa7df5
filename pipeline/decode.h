// Decode: a record's bytes become an Event, an Advance, an Erase, or a reason why not.
//
// Strict JSON by a full parse, the field mapping resolved to paths beforehand; every record ends in exactly one of the
// four. One Decoder per thread: it owns the parser's buffers. Cost: about 0.7 us for a record of 200 bytes.
#pragma once

#include <memory>

#include "core/event.h"
#include "core/record.h"
#include "operators/options.h"
#include "pipeline/arena.h"
#include "pipeline/options.h"
#include "pipeline/slice.h"

namespace driftcast {

class Decoder {
 public:
  Decoder(const PipelineOptions& pipeline, const OperatorOptions& operators);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // Views in the result borrow from `arena`, the record's key or the configuration. The value must be followed by
  // kPadding readable bytes.
  Decoded decode(const Record& record, Arena& arena) noexcept;

  // Decodes every record of a slice.
  void decode(DecodedSlice& slice) noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace driftcast
