// Metrics: what a running job tells about itself, in Prometheus' text format.
//
// Names follow Prometheus: prefix driftcast_, base units, _total for what only grows. No label holds a user, a category
// or any other text from the data, so the number of series is bounded by the partitions. Every method may be called
// from any thread at any time; all but text() cost a lock and a few additions.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/ids.h"
#include "core/time.h"
#include "pipeline/observer.h"
#include "state/mark.h"

namespace driftcast {

// Where a partition stands. What is not known has no series.
struct PartitionFigures {
  std::optional<Offset> position{};      // next record to be processed
  std::optional<std::int64_t> lag{};     // records behind it that are there already
  std::optional<EventTime> watermark{};  // none before the first event
  double restored = 1;                   // share of its states that are there again, 0 to 1
};

// An epoch that was committed.
struct EpochFigures {
  std::int64_t records = 0;
  std::chrono::duration<double> duration{};  // since its first record was polled
  std::chrono::duration<double> commit{};    // of that, in the transaction and the store
};

class Metrics {
 public:
  using WallTime = std::chrono::system_clock::time_point;

  // `horizons`: of the forecasts, in steps.
  explicit Metrics(std::span<const int> horizons);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  // Adds a difference: what has been counted since the call before.
  void count(const Counters& more);

  void committed(const EpochFigures& epoch);
  void batch(std::int64_t steps);  // closed steps that went down together

  void partition(Partition partition, const PartitionFigures& figures);
  void forget(Partition partition);  // another instance has it now: its series end

  // `reason` is one of few fixed words, such as "abortable" or "fenced".
  void rolled_back(std::string_view reason);
  void rebalanced();

  // Where the network runs: on a device or on the CPU; and that a device was lost, so that it now runs on the CPU.
  void network_on_device(bool on_device);
  void network_device_lost();

  void input_progress(double share);  // of an input with an end, 0 to 1

  // A job that has not said so is not ready.
  void ready();
  void not_ready(std::string reason);
  // Why the job is not ready; empty: it is.
  std::string unready() const;

  // Told of the forecasts that met their outcome; hand it to the job as its observer to have their errors counted.
  Observer& forecast_scores();

  // All series, as of now. `now` dates the watermarks: their delay is wall time minus watermark, so it grows while a
  // partition is quiet, and in a replay says how far the past still is from the present.
  std::string text(WallTime now) const;

 private:
  struct Series;
  std::unique_ptr<Series> series_;
};

}  // namespace driftcast
