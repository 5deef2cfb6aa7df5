// DeviceLost: what a Network on a device throws from step and replay when the device no longer does its work. The
// carried states of that call are of no use; the network on the CPU can rebuild them from the rows.
#pragma once

#include <stdexcept>

namespace driftcast {

// Crosses from a shared library, hence visible.
struct __attribute__((visibility("default"))) DeviceLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace driftcast
