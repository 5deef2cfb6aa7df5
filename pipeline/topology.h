// Topology: the stages as data. Both runners are made from this table, and `driftcast describe` prints it.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "pipeline/decode.h"
#include "pipeline/stages.h"

namespace driftcast {

struct Stage {
  std::string_view name;
  std::string_view table;                 // the one it writes; empty: none
  std::string_view takes;                 // what comes in
  std::string_view gives;                 // what goes on
  std::string_view publishes;             // what goes along to publish, as it is; empty: nothing
  void (*run)(Decoder&, Lane&, Parcel&);  // absent: the stage serves all lanes together (poll, publish)
};

inline constexpr std::array<Stage, 6> kStages = {{
    {"poll", "", "log", "slices", "", nullptr},
    {"decode", "", "slices", "events, advances, dead letters", "",
     [](Decoder& decoder, Lane&, Parcel& parcel) { decode_stage(decoder, parcel); }},
    {"fold", "users", "events, advances, dead letters", "closed steps",
     "sessions, drift signals, late records, dead letters",
     [](Decoder&, Lane& lane, Parcel& parcel) { fold_stage(lane.fold, parcel); }},
    {"infer", "windows", "closed steps", "closed steps with the network's forecasts", "",
     [](Decoder&, Lane& lane, Parcel& parcel) { infer_stage(lane.infer, parcel); }},
    {"judge", "ledger", "closed steps with the network's forecasts", "forecasts", "",
     [](Decoder&, Lane& lane, Parcel& parcel) { judge_stage(lane.judge, parcel); }},
    {"publish", "", "outputs, positions, states that are due", "epochs, committed", "", nullptr},
}};

inline constexpr std::size_t kPollStage = 0, kPublishStage = kStages.size() - 1;

// The picture: nodes, edges, tables and their writers for so many lanes.
std::string describe_topology(int lanes);

}  // namespace driftcast
