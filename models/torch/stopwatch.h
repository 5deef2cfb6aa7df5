// Stopwatch: the one place below the pipeline that asks a clock. What it says is told to people and steers nothing.
#pragma once

#include <chrono>

namespace driftcast {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace driftcast
