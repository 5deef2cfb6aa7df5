// Demo: the parts of `driftcast demo`: a directory of its own, events that are known, and what is said at the end.
#pragma once

#include <span>
#include <string>

#include "core/result.h"
#include "pipeline/evaluation/forecast_skill.h"
#include "pipeline/evaluation/planted.h"
#include "pipeline/generator/generate.h"
#include "pipeline/options.h"
#include "pipeline/run.h"

namespace driftcast {

// Makes the directory, or takes away what an earlier demo left in it; files that are about to be read are kept. A
// directory with anything in it that is not a demo's is refused.
Result<void> claim_demo_directory(const std::string& dir, const TopicOptions& topics,
                                  std::span<const std::string> keep);

// The events of the demo: a small crowd over four months, in which one user in ten changes.
GenerateJob demo_events(const std::string& dir);

// Nothing when the run has read events; else why not, and what to do: its mapping will not be that of the events.
Result<void> check_events_read(const Summary& summary, const std::string& events, const std::string& dead_letters);

// "found 24 of 27 planted drifts, median 31 events later, 3 false"
std::string planted_text(const PlantedScore& score);

}  // namespace driftcast
