// Hand-overs between threads that the thread sanitizer cannot see by itself.
//
// Debian's oneTBB is not instrumented: that one node passes a parcel to the next, and that the calls of a serial node
// follow one another, looks like luck to the sanitizer. These two tell it: what was done before hand_over(x) is seen
// by whoever comes after take_over(x). They order nothing, and in other builds they are nothing.
#pragma once

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace driftcast {

#ifdef __SANITIZE_THREAD__
inline void hand_over(void* what) { __tsan_release(what); }
inline void take_over(void* what) { __tsan_acquire(what); }
#else
inline void hand_over(void*) {}
inline void take_over(void*) {}
#endif

}  // namespace driftcast
