// Planted: how well drift signals tell what the generator planted.
//
// A planted drift is found when its user gets a signal of the same kind at or after the change; the delay is counted
// in the user's own events, from the change to the first such signal. A signal is false when nothing had changed for
// it to see: its user is steady, its user's change was still to come, or the user fell quiet and the signal is about
// the mix. A pause is a change of volume: volume signals from its beginning on are neither found nor false.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"

namespace driftcast {

struct PlantedOptions {
  std::int64_t min_events = 40;  // of the user on both sides of a drift; a steady user needs twice as many
  bool confirmed_only = false;   // leave aside alarms that were not (or not yet) confirmed
};

// Of a group of planted drifts. Delays are of those found, in events of the user.
struct PlantedFound {
  std::int64_t planted = 0;
  std::int64_t found = 0;
  double median_delay = 0;  // 0 when none was found
  double share() const { return planted == 0 ? 0 : static_cast<double>(found) / static_cast<double>(planted); }
};

struct PlantedScore {
  PlantedFound drifts;              // with enough events on both sides, of either kind
  PlantedFound mix, volume;         // the same by kind
  PlantedFound all;                 // however few events there are
  std::int64_t found_any_kind = 0;  // of `drifts`: by a signal of either kind
  std::int64_t signals = 0;
  std::int64_t false_signals = 0;
  std::int64_t steady = 0;          // users without a planted change, and enough events
  std::int64_t steady_alarmed = 0;  // of them: with any signal
  double false_share() const {
    return steady == 0 ? 0 : static_cast<double>(steady_alarmed) / static_cast<double>(steady);
  }
};

// Scores the drift signals among the lines of published files (lines of other types are passed over) against a labels
// file of the generator. Both may be gzip. Cost: reads the files once; memory for labels and signals.
Result<PlantedScore> score_planted(const std::string& labels_path, const std::string& drift_signals_path,
                                   const PlantedOptions& options = {});

}  // namespace driftcast
