// The dials of the state store and its cache. None of them can change an output.
#pragma once

#include <cstdint>
#include <string>

namespace driftcast {

struct StateOptions {
  std::string dir;                              // empty: a scratch store that is removed at the end, no recovery
  std::int64_t cache_bytes = 512LL << 20;       // decoded states in memory, over all partitions and tables
  std::int64_t block_cache_bytes = 64LL << 20;  // RocksDB blocks and memtables
};

}  // namespace driftcast
