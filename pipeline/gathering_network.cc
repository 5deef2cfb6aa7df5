#include "pipeline/gathering_network.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/device_lost.h"
#include "pipeline/flush_policy.h"

namespace driftcast {

namespace {

constexpr int kMostUnderWay = 2;

using Time = std::chrono::steady_clock;

}  // namespace

// Lives until the last of its callers has seen how it ended.
struct GatheringNetwork::Batch {
  std::vector<NetworkStep> users;
  const Time::time_point began = Time::now();
  bool taken = false;  // somebody runs it; nobody joins any more
  bool done = false;
  std::optional<std::string> failure;
};

GatheringNetwork::GatheringNetwork(std::unique_ptr<const Network> network, const BatchOptions& limits, int threads)
    : network_(std::move(network)), limits_(limits), threads_(static_cast<std::size_t>(threads)) {}

GatheringNetwork::~GatheringNetwork() = default;

void GatheringNetwork::step(std::span<const NetworkStep> users) const {
  if (users.empty()) return;
  Lock lock(mutex_);
  ++inside_;
  const std::shared_ptr<Batch> batch = join(users);
  see_through(*batch, lock);
  --inside_;
  if (batch->failure) throw DeviceLost(*batch->failure);
}

std::shared_ptr<GatheringNetwork::Batch> GatheringNetwork::join(std::span<const NetworkStep> users) const {
  if (gathering_ == nullptr) gathering_ = std::make_shared<Batch>();
  gathering_->users.insert(gathering_->users.end(), users.begin(), users.end());
  return gathering_;
}

// Until the batch is done, by this thread or another.
void GatheringNetwork::see_through(Batch& batch, Lock& lock) const {
  while (!batch.done) {
    if (batch.taken || under_way_ == kMostUnderWay) {
      done_.wait(lock);
    } else if (const auto wait = wait_before_flush(batch); wait.count() > 0) {
      done_.wait_for(lock, wait);
    } else {
      run(batch, lock);
    }
  }
}

std::chrono::nanoseconds GatheringNetwork::wait_before_flush(const Batch& batch) const {
  const std::size_t could_come = threads_ > inside_ ? threads_ - inside_ : 0;
  return driftcast::wait_before_flush({batch.users.size(), could_come, Time::now() - batch.began}, limits_);
}

void GatheringNetwork::run(Batch& batch, Lock& lock) const {
  batch.taken = true;
  gathering_.reset();
  ++under_way_;
  lock.unlock();
  std::optional<std::string> failure;
  try {
    network_->step(batch.users);
  } catch (const std::exception& thrown) {
    failure = thrown.what();
  }
  lock.lock();
  --under_way_;
  batch.failure = std::move(failure);
  batch.done = true;
  done_.notify_all();
}

}  // namespace driftcast
