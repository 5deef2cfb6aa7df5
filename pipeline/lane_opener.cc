#include "pipeline/lane_opener.h"

#include <utility>

namespace driftcast {

LaneOpener::LaneOpener(Assembly& assembly, std::function<void()> notify)
    : assembly_(assembly), notify_(std::move(notify)), thread_([this] { work(); }) {}

LaneOpener::~LaneOpener() {
  cancel();
  thread_.join();
}

std::vector<Lane*> LaneOpener::take_opened() {
  const std::lock_guard lock(mutex_);
  return std::exchange(opened_, {});
}

std::optional<Error> LaneOpener::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void LaneOpener::work() {
  for (auto& lane : assembly_.lanes()) {
    if (cancelled_) return;
    if (lane->recovered) continue;
    auto recovered = assembly_.recover(*lane, [this](const RecoveryProgress&) { return !cancelled_; });
    if (cancelled_ && !recovered) return;
    {
      const std::lock_guard lock(mutex_);
      if (recovered) opened_.push_back(lane.get());
      if (!recovered) failure_ = recovered.error();
    }
    notify_();
    if (!recovered) return;
  }
}

}  // namespace driftcast
