// FallbackNetwork: a network on a device as long as the device works, then on the CPU, from the very call that failed.
//
// A carried state means the same on both, so users go on from where they are; this is why the hash is the CPU's
// throughout, and states outlive a change of the device without being rebuilt. A call that fails may leave anything of
// them, so each one copies them first.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "models/network.h"

namespace driftcast {

class FallbackNetwork final : public Network {
 public:
  using Lost = std::function<void(const std::string& why)>;

  // Two networks of the same weights and horizons. `lost` is told once, in the thread whose call found out first. Any
  // exception of the device's counts, DeviceLost or another: it is not asked again.
  FallbackNetwork(std::unique_ptr<const Network> device, std::unique_ptr<const Network> cpu, Lost lost);

  std::size_t carried() const override { return cpu_->carried(); }
  std::uint64_t hash() const override { return cpu_->hash(); }
  void step(std::span<const NetworkStep> users) const override;
  void replay(std::span<const NetworkWindow> users) const override;

 private:
  template <class Users>
  bool done_on_device(void (Network::*work)(Users) const, Users users) const;

  const std::unique_ptr<const Network> device_, cpu_;
  const Lost lost_;
  mutable std::atomic<bool> is_lost_{false};
};

}  // namespace driftcast
