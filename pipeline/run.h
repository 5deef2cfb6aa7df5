// Run: the main job on files or on Kafka. Composes log, store, lanes and runner; the only place that builds real parts.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "config/settings.h"
#include "core/result.h"
#include "models/model_set.h"
#include "pipeline/options.h"
#include "pipeline/summary.h"
#include "pipeline/watchers.h"

namespace driftcast {

struct Progress {
  Counters counters{};
  Counters before{};    // when this run began, as in Summary
  double fraction = 0;  // of the input; 0: unknown
  double wall_s = 0;
};

// Runs to the end of the input, or until `stop` becomes true: then what is under way is committed. Writes summary.json.
// `report` is called a few times a second. Errors carry their exit code.
Result<Summary> run_files(const Settings& settings, const ModelSet& models, const std::atomic<bool>& stop,
                          const std::function<void(const Progress&)>& report, const Watchers& watchers = {});

// How far a run between topics goes, and what it does before it begins.
struct KafkaRun {
  Until until = Until::kForever;
  bool create_topics = false;  // the outputs that are missing
  bool close = false;          // writes to the input what closes open sessions and steps
};

// Runs between topics, as an instance of a group, on the partitions the group gives, and goes on where the group has
// committed; until the end of the input as it is when all is found to be in order, or for ever. Stops as above, also
// while no broker answers yet. No summary is written: outputs are elsewhere. Brokers that vanish later are waited for;
// told to stop meanwhile, the process ends by itself with kRestart.
Result<Summary> run_kafka(const Settings& settings, const ModelSet& models, const KafkaRun& wanted,
                          const std::atomic<bool>& stop, const std::function<void(const Progress&)>& report,
                          const Watchers& watchers = {});

}  // namespace driftcast
