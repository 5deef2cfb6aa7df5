// Job: the main job between a log and a store, wherever these are, over as many assemblies as it takes: a new one for each
// set of partitions, and after each rollback. Keeps count of what all of them did.
#pragma once

#include <atomic>
#include <functional>

#include "config/settings.h"
#include "core/result.h"
#include "models/model_set.h"
#include "pipeline/clock.h"
#include "pipeline/instance.h"
#include "pipeline/log.h"
#include "pipeline/run.h"
#include "pipeline/summary.h"
#include "state/store.h"

namespace driftcast {

class Job {
 public:
  // Who looks on. `fraction`: of the input, as in Progress.
  struct Audience {
    const std::atomic<bool>& stop;
    std::function<void(const Progress&)> report;
    std::function<double()> fraction;
    Watchers watchers;
  };
  enum class Opening { kAllFirst, kWhileRunning };  // lanes are recovered before any works, or while others do

  // Borrows all; the time counts from here.
  Job(const Settings& settings, const ModelSet& models, Store& store, Audience audience);

  // Works until the input ends, partitions are asked back, or `stop` is set; then all is committed.
  Result<void> work(Log& log, Opening opening);

  // What has been done so far. Records that were replayed count again.
  Summary summary() const;

 private:
  Result<void> run(Assembly& assembly);
  void tick(Assembly& assembly);
  void start_flush();
  void show_readiness(Assembly& assembly);
  Summary with(const Assembly& assembly) const;

  const Settings& settings_;
  const ModelSet& models_;
  Store& store_;
  Audience audience_;
  SteadyClock clock_;
  std::int64_t began_ms_;
  std::int64_t flushed_ms_;
  double cpu_began_;
  Summary done_;  // by the assemblies before
  int assemblies_ = 0;
};

}  // namespace driftcast
