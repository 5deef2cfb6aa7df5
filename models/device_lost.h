// DeviceLost: what a Network on a device throws from step and replay when the device no longer does its work. The
// carried states of that call are of no use: who wants to take the step elsewhere keeps copies, as
// pipeline/fallback_network.h does.
#pragma once

#include <stdexcept>

namespace driftcast {

// Crosses from a shared library, hence visible.
struct __attribute__((visibility("default"))) DeviceLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace driftcast
