// How a mark is stored. Its layout has a number of its own, so that a newer mark is recognised before it is read.
#pragma once

#include "state/codec.h"
#include "state/mark.h"

namespace driftcast {

template <class Archive>
void fields(Archive& archive, Position& position) {
  archive(position.next_offset, position.ordinal);
}

struct StoredMark {
  static constexpr std::uint8_t kFormat = 1;
  Mark mark;
};

template <class Archive>
void fields(Archive& archive, StoredMark& stored) {
  Mark& mark = stored.mark;
  archive(mark.position, mark.watermark, mark.newest, mark.epoch, mark.lineage, mark.config_hash, mark.model_hash,
          mark.format, mark.changelog_offset, mark.counters);
}

inline std::string encode_mark(const Mark& mark) { return encode_value(StoredMark{mark}); }

inline Result<Mark> decode_mark(std::string_view bytes) {
  auto stored = decode_value<StoredMark>(bytes);
  if (!stored) return stored.error();
  if (stored->mark.format > Mark::kFormat) {
    return error(ErrorCode::kConfig, "the stored states have format " + std::to_string(stored->mark.format) +
                                         ", newer than this program's " + std::to_string(Mark::kFormat));
  }
  return stored->mark;
}

}  // namespace driftcast
