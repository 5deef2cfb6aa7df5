// Run: the main job on files or on Kafka. Composes log, store, lanes and runner; the only place that builds real parts.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <string>

#include "config/settings.h"
#include "core/result.h"
#include "models/model_set.h"
#include "pipeline/observer.h"
#include "pipeline/options.h"
#include "pipeline/topology.h"
#include "state/mark.h"

namespace driftcast {

// What a run has done. Counters are of the partitions since their first record, so a resumed run goes on counting.
struct Summary {
  Counters counters{};
  Counters before{};  // when this run began
  double wall_s = 0;
  double cpu_s = 0;  // of the process, all threads
  std::array<double, kStages.size()>
      stage_cpu_s{};             // of it: in the stages; the rest is the store's own threads and the like
  double first_forecast_s = -1;  // wall time until the first forecast was committed; negative: none
  std::int64_t peak_rss_kib = 0;
  double state_bytes_per_user = 0;

  std::int64_t of(Counter counter) const { return counters[static_cast<std::size_t>(counter)]; }
  std::int64_t here(Counter counter) const { return of(counter) - before[static_cast<std::size_t>(counter)]; }
};

struct Progress {
  Counters counters{};
  double fraction = 0;  // of the input; 0: unknown
  double wall_s = 0;
};

// Runs to the end of the input, or until `stop` becomes true: then what is under way is committed. Writes summary.json.
// `report` is called a few times a second. Errors carry their exit code.
Result<Summary> run_files(const Settings& settings, const ModelSet& models, const std::atomic<bool>& stop,
                          const std::function<void(const Progress&)>& report, Observer* observer = nullptr);

// Runs between topics, as the only instance of its group, and goes on where the group has committed; `until` the end of
// the input as it is now, or for ever. Stops as above. No summary is written: outputs are elsewhere.
Result<Summary> run_kafka(const Settings& settings, const ModelSet& models, Until until, const std::atomic<bool>& stop,
                          const std::function<void(const Progress&)>& report);

// The summary as the JSON object of summary.json, and as lines for a person.
std::string summary_json(const Summary& summary);
std::string summary_text(const Summary& summary);

}  // namespace driftcast
