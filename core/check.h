// CHECK: invariants that stay on in release builds.
//
// A failed CHECK is a bug in driftcast: it prints what was expected, the values seen and the place, then aborts.
// What may happen in the field (bad input, full disks) is a Result or a Reason, never a CHECK.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace driftcast::detail {

[[noreturn]] inline void check_failed(const char* what, const char* file, int line, const std::string& values) {
  std::fprintf(stderr, "driftcast: bug: %s does not hold at %s:%d %s\n", what, file, line, values.c_str());
  std::abort();
}

}  // namespace driftcast::detail

#define DRIFTCAST_CHECK(condition)                                           \
  do {                                                                       \
    if (!(condition)) [[unlikely]]                                           \
      ::driftcast::detail::check_failed(#condition, __FILE__, __LINE__, ""); \
  } while (false)

#define DRIFTCAST_CHECK_EQ(a, b)                                                                          \
  do {                                                                                                    \
    if (!((a) == (b))) [[unlikely]]                                                                       \
      ::driftcast::detail::check_failed(#a " == " #b, __FILE__, __LINE__,                                 \
                                        "(" + std::to_string(a) + " against " + std::to_string(b) + ")"); \
  } while (false)
