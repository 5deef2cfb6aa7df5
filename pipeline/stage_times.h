// StageTimes: the CPU time that each stage has taken, all lanes and threads together: where it goes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <ctime>

#include "pipeline/topology.h"

namespace driftcast {

class StageTimes {
 public:
  // Adds the calling thread's CPU time from its beginning to its end. Cost: half a microsecond.
  class Span {
   public:
    Span(StageTimes& times, std::size_t stage) : sum_(times.sums_[stage]), began_(now()) {}
    ~Span() { sum_.fetch_add(now() - began_, std::memory_order_relaxed); }
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    std::atomic<std::int64_t>& sum_;
    std::int64_t began_;
  };

  double seconds(std::size_t stage) const { return 1e-9 * static_cast<double>(sums_[stage].load()); }

 private:
  static std::int64_t now() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  }

  std::array<std::atomic<std::int64_t>, kStages.size()> sums_{};  // nanoseconds
};

}  // namespace driftcast
