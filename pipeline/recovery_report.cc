#include "pipeline/recovery_report.h"

#include <spdlog/spdlog.h>

namespace driftcast {
namespace {

constexpr std::chrono::seconds kSayAgain{2};

double seconds(std::chrono::steady_clock::duration length) { return std::chrono::duration<double>(length).count(); }

}  // namespace

RecoveryReport::RecoveryReport(Partition partition, Metrics* metrics) : partition_(partition), metrics_(metrics) {
  if (metrics_ != nullptr) metrics_->partition(partition_, {.restored = 0});
}

void RecoveryReport::show(const RecoveryProgress& progress) {
  last_ = progress;
  if (metrics_ != nullptr) metrics_->partition(partition_, {.restored = progress.share});
  const auto now = Clock::now();
  if (now - said_ < kSayAgain || progress.share <= 0) return;
  said_ = now;
  const double taken = seconds(now - began_);
  spdlog::info("partition {}: {:.0f} % of the states are restored, {:.0f} records/s, about {:.0f} s to go", partition_,
               100 * progress.share, static_cast<double>(progress.records) / taken,
               taken * (1 - progress.share) / progress.share);
}

void RecoveryReport::done() {
  if (metrics_ != nullptr) metrics_->partition(partition_, {.restored = 1});
  const double taken = seconds(Clock::now() - began_);
  if (last_.records == 0) return;
  spdlog::info("partition {}: restored from {} records of the changelog in {:.1f} s", partition_, last_.records, taken);
}

}  // namespace driftcast
