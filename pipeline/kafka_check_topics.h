// Are a job's topics there, and are they as it needs them?
#pragma once

#include <vector>

#include "pipeline/finding.h"
#include "pipeline/kafka_handle.h"
#include "pipeline/options.h"

namespace driftcast {

enum class Outputs { kMustBeThere, kMadeLater };  // kMadeLater: those that are missing; the others are looked at

// Of each topic that a job reads or writes: that it is there; that the input keeps its records long enough to be
// replayed; that the changelog fits the input and forgets nothing but what was replaced. Ends with the first one about
// which nobody answers.
std::vector<Finding> check_topics(const KafkaClient& client, const PipelineOptions& options,
                                  Outputs outputs = Outputs::kMustBeThere);

}  // namespace driftcast
