// Summary: what a run has done and what it cost, for a person and for programs.
#pragma once

#include <array>
#include <cstdint>
#include <string>

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
      stage_cpu_s{};             // of it: in the stages; the rest is the store's threads and the like
  double first_forecast_s = -1;  // wall time until the first forecast was committed; negative: none
  std::int64_t peak_rss_kib = 0;

  std::int64_t of(Counter counter) const { return counters[static_cast<std::size_t>(counter)]; }
  std::int64_t here(Counter counter) const { return of(counter) - before[static_cast<std::size_t>(counter)]; }
};

// The summary as the JSON object of summary.json, and as lines for a person.
std::string summary_json(const Summary& summary);
std::string summary_text(const Summary& summary);

}  // namespace driftcast
