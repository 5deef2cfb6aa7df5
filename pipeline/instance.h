// Instance: a driftcast at work on a log and a store, in one thread. Step it, and it does the next thing; throw it away
// at any step, and another one goes on from what was committed.
//
// Threads and oneTBB are added outside (graph_runner.h); both run the same intake, stages, collector and commit.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "config/settings.h"
#include "core/result.h"
#include "models/model_set.h"
#include "pipeline/clock.h"
#include "pipeline/collector.h"
#include "pipeline/decode.h"
#include "pipeline/intake.h"
#include "pipeline/lane.h"
#include "pipeline/log.h"
#include "pipeline/recovery.h"
#include "pipeline/stage_times.h"
#include "pipeline/watchers.h"
#include "state/store.h"

namespace driftcast {

// The parts both runners need: settings shared by the lanes, the lanes of the partitions assigned to the log, the intake.
class Assembly {
 public:
  // With closed lanes. Borrowed: settings, models, log, store, clock, watchers; all outlive the assembly. `lineage` names
  // a first run.
  static Result<std::unique_ptr<Assembly>> make(const Settings& settings, const ModelSet& models, Log& log,
                                                Store& store, const Clock& clock, std::uint64_t lineage,
                                                const Watchers& watchers = {});
  // With all lanes recovered and admitted.
  static Result<std::unique_ptr<Assembly>> open(const Settings& settings, const ModelSet& models, Log& log,
                                                Store& store, const Clock& clock, std::uint64_t lineage,
                                                const Watchers& watchers = {});

  // Recovers a lane, which takes no part yet. One thread at a time, which may be another than the intake's.
  Result<void> recover(Lane& lane, const RecoveryWatch& watch = {});

  Lanes& lanes() { return lanes_; }
  Intake& intake() { return *intake_; }
  Log& log() { return log_; }
  Store& store() { return store_; }
  const Clock& clock() const { return clock_; }
  const Settings& settings() const { return setup_.settings; }
  StageTimes& times() { return times_; }
  const StageTimes& times() const { return times_; }

  // Sums over the recovered partitions, as of the last committed epoch and as they were recovered. Any thread.
  Counters counters() const;
  Counters counters_before() const;
  // How many partitions are recovered.
  std::size_t recovered() const;

  // Shows the metrics where the recovered partitions stand, and at last that they are no longer here. Any thread.
  void show_partitions() const;
  void forget_partitions() const;

  // A parcel has passed the last stage; returns the epoch when it was its last marker. Calls are serial.
  std::optional<Epoch> passed(Parcel&& parcel);

  // Commits an epoch and tells the lanes. Any one thread at a time; the intake is told by `settled`.
  Result<std::vector<Partition>> commit_epoch(Epoch&& epoch);

 private:
  struct Standing {
    Counters before{};
    Mark now;  // as of the last committed epoch
  };

  Assembly(const LaneSetup& setup, Log& log, Store& store, const Clock& clock, std::uint64_t lineage, Metrics* metrics);
  void show(const Epoch& epoch, std::chrono::duration<double> commit) const;

  LaneSetup setup_;
  Log& log_;
  Store& store_;
  const Clock& clock_;
  std::uint64_t lineage_;
  Lanes lanes_;
  Collector collector_;
  std::unique_ptr<Intake> intake_;
  Metrics* metrics_;
  mutable std::mutex standing_;  // guards the standings: one thread commits, another shows the progress
  std::map<Partition, Standing> standings_;
  StageTimes times_;
};

class Instance {
 public:
  explicit Instance(Assembly& assembly);

  // One unit of work, run through all stages; commits when an epoch is complete. False when the last epoch is committed.
  Result<bool> step();

  // Steps until the input ends, or until the last epoch after stop().
  Result<void> run();
  void stop() { assembly_.intake().stop(); }

 private:
  Result<std::unique_ptr<Parcel>> poll();

  Assembly& assembly_;
  Decoder decoder_;
  bool done_ = false;
};

}  // namespace driftcast
