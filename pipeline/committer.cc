#include "pipeline/committer.h"

#include <utility>

namespace driftcast {

Committer::Committer(Assembly& assembly, std::function<void()> notify)
    : assembly_(assembly), notify_(std::move(notify)), thread_([this] { work(); }) {}

void Committer::put(Epoch&& epoch) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(epoch));
  }
  condition_.notify_one();
}

void Committer::fail(Error failure) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(failure);
}

std::optional<Committer::Done> Committer::take_done() {
  const std::lock_guard lock(mutex_);
  if (done_.empty()) return std::nullopt;
  Done done = std::move(done_.front());
  done_.pop_front();
  last_ = done.epoch;
  return done;
}

std::optional<Error> Committer::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool Committer::idle() const {
  const std::lock_guard lock(mutex_);
  return waiting_.empty() && !busy_ && done_.empty();
}

std::uint64_t Committer::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void Committer::join() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  condition_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Committer::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    condition_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty() || failure_) return;
    Epoch epoch = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    const std::uint64_t number = epoch.number;
    auto shipped = assembly_.commit_epoch(std::move(epoch));
    lock.lock();
    busy_ = false;
    if (!shipped) {
      if (!failure_) failure_ = shipped.error();
    } else {
      done_.push_back({number, std::move(*shipped)});
    }
    notify_();
  }
}

}  // namespace driftcast
