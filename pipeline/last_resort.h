// LastResort: ends the process when it was told to stop and cannot, because the brokers do not answer.
//
// Nothing is lost: what was not committed is done again by the next start, as after any crash.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace driftcast {

class LastResort {
 public:
  static constexpr std::chrono::seconds kPatience{20};

  explicit LastResort(const std::atomic<bool>& stop) : stop_(stop), thread_([this] { watch(); }) {}
  ~LastResort() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    condition_.notify_one();
    thread_.join();
  }
  LastResort(const LastResort&) = delete;
  LastResort& operator=(const LastResort&) = delete;

 private:
  void watch();

  const std::atomic<bool>& stop_;
  bool done_ = false;
  std::mutex mutex_;
  std::condition_variable condition_;
  std::thread thread_;
};

}  // namespace driftcast
