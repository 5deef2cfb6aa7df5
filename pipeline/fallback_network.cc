#include "pipeline/fallback_network.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "core/check.h"

namespace driftcast {

FallbackNetwork::FallbackNetwork(std::unique_ptr<const Network> device, std::unique_ptr<const Network> cpu, Lost lost)
    : device_(std::move(device)), cpu_(std::move(cpu)), lost_(std::move(lost)) {
  DRIFTCAST_CHECK_EQ(device_->carried(), cpu_->carried());
}

template <class Users>
bool FallbackNetwork::done_on_device(void (Network::*work)(Users) const, Users users) const {
  try {
    (*device_.*work)(users);
    return true;
  } catch (const std::exception& failure) {
    if (!is_lost_.exchange(true)) lost_(failure.what());
    return false;
  }
}

void FallbackNetwork::step(std::span<const NetworkStep> users) const {
  if (is_lost_) return cpu_->step(users);
  std::vector<Half> kept;
  kept.reserve(users.size() * carried());
  for (const NetworkStep& user : users) kept.insert(kept.end(), user.carried, user.carried + carried());
  if (done_on_device(&Network::step, users)) return;
  const Half* halves = kept.data();
  for (const NetworkStep& user : users) {
    std::copy_n(halves, carried(), user.carried);
    halves += carried();
  }
  cpu_->step(users);
}

void FallbackNetwork::replay(std::span<const NetworkWindow> users) const {
  if (is_lost_ || !done_on_device(&Network::replay, users)) cpu_->replay(users);
}

}  // namespace driftcast
