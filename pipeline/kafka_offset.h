// What a committed offset says beside its number: the text that Kafka keeps with it. At most a few hundred bytes.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "pipeline/log.h"

namespace driftcast {

// The text of all but the partition.
std::string offset_text(const OffsetCommit& commit);

// Reads it back. Fails for a text that no driftcast wrote, and when the offset is not the one it was written with: then
// somebody has moved it, and the states belong to another place.
Result<OffsetCommit> read_offset_text(Partition partition, Offset offset, const std::string& text);

}  // namespace driftcast
