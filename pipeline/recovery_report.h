// RecoveryReport: tells a person and the metrics how far the recovery of a partition is, and how long it will take yet.
#pragma once

#include <chrono>

#include "pipeline/metrics.h"
#include "pipeline/recovery.h"

namespace driftcast {

class RecoveryReport {
 public:
  // Begins now; `metrics` may be null.
  RecoveryReport(Partition partition, Metrics* metrics);

  void show(const RecoveryProgress& progress);
  void done();  // the states are there; says so when it has taken long enough to be asked about

 private:
  using Clock = std::chrono::steady_clock;

  Partition partition_;
  Metrics* metrics_;
  Clock::time_point began_ = Clock::now(), said_ = began_;
  RecoveryProgress last_;
};

}  // namespace driftcast
