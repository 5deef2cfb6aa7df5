// State digest: what a partition's states are, in one number. Two runs over the same records have the same one, however
// they were cut, moved, killed or restored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "state/store.h"

namespace driftcast {

struct PartitionDigest {
  Partition partition = 0;
  Mark mark;
  std::int64_t entries = 0;  // of all tables
  std::uint64_t digest = 0;  // of keys, values and the mark, but for what says how the states came here: epoch, lineage
};

// Of every partition that the store holds, ascending. Cost: one pass over the store.
Result<std::vector<PartitionDigest>> digest_states(Store& store);

// A line for each, under a heading.
std::string digest_text(const std::vector<PartitionDigest>& digests);

}  // namespace driftcast
