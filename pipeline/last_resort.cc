#include "pipeline/last_resort.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "core/result.h"

namespace driftcast {

void LastResort::watch() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (condition_.wait_for(lock, std::chrono::milliseconds{100}, [this] { return done_; })) return;
  }
  if (condition_.wait_for(lock, kPatience, [this] { return done_; })) return;
  spdlog::error("the brokers do not answer: stopping without them; the next start does the rest");
  spdlog::shutdown();
  ::_exit(static_cast<int>(ErrorCode::kRestart));
}

}  // namespace driftcast
