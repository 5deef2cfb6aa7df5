// How the process uses the allocator.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <thread>

namespace driftcast {

// What was freed stays with the process for the next parcel, instead of going back to the system and coming again page
// by page: parcels are allocations of half a megabyte, thousands a second. Call once, before threads start.
inline void keep_freed_memory() {
  constexpr int kAlways = 256 << 20;    // bytes; the pipeline's own bounds keep what is free below this
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the largest that glibc accepts
  mallopt(M_TRIM_THRESHOLD, kAlways);
  mallopt(M_ARENA_MAX, static_cast<int>(std::max(2U, std::thread::hardware_concurrency())));  // each keeps its own
}

}  // namespace driftcast
