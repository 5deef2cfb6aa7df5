// prefetch: starts to bring a cache line near. Changes nothing but speed; any address will do.
#pragma once

namespace driftcast {

// Not __builtin_prefetch: GCC 12 finds that a function with nothing else in it has no effect, and drops the calls.
inline void prefetch(const void* address) { asm volatile("prefetcht0 %0" : : "m"(*static_cast<const char*>(address))); }

}  // namespace driftcast
