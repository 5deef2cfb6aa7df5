// What the generator planted into a user, as a line of the labels file:
//   {"user","at","kind":"mix|volume","from":[top categories],"to":[...],"events_before":n,"events_after":n}
//   {"user","at","until","kind":"quiet","events_before":n,"events_after":n}   no "until": the user did not come back
//   {"user","kind":"steady","events":n}                                       nothing changes
// A volume change has the same categories on both sides and "factor", by which the volume is multiplied. Events are
// what a reader with one hour of lateness counts: no duplicates, nothing broken, nothing late; sides by event time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace driftcast {

enum class PlantedKind : std::uint8_t { kSteady, kMix, kVolume, kQuiet };

constexpr const char* name(PlantedKind kind) {
  constexpr const char* kNames[] = {"steady", "mix", "volume", "quiet"};
  return kNames[static_cast<std::size_t>(kind)];
}

struct PlantedLabel {
  std::string user;
  PlantedKind kind = PlantedKind::kSteady;
  EventTime at;                       // of the change; not of steady users
  std::optional<EventTime> until;     // quiet users who come back
  double factor = 1;                  // volume changes
  std::vector<std::string> from, to;  // mix and volume changes: most liked first
  std::int64_t events_before = 0;
  std::int64_t events_after = 0;  // steady: all events are "before"
  bool operator==(const PlantedLabel&) const = default;
};

// Appends one line without its line feed.
void append_label(std::string& out, const PlantedLabel& label);

// All labels of a file, in its order. Unknown kinds are an error: a label must not be overlooked.
Result<std::vector<PlantedLabel>> read_labels(const std::string& path);

}  // namespace driftcast
