// The process clock, handed in: the pipeline paces epochs with it, nothing else reads time, and no output depends on it.
#pragma once

#include <chrono>
#include <cstdint>

namespace driftcast {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now_ms() const = 0;  // steady, arbitrary origin
};

class SteadyClock final : public Clock {
 public:
  std::int64_t now_ms() const override {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  }
};

// For tests: moves when told.
class ManualClock final : public Clock {
 public:
  std::int64_t now_ms() const override { return now_; }
  void advance(std::int64_t ms) { now_ += ms; }

 private:
  std::int64_t now_ = 0;
};

}  // namespace driftcast
