// Generate: a generator's records and labels into files, or the records into a topic, as the command and the demo want it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/result.h"
#include "pipeline/generator/generator.h"
#include "pipeline/options.h"

namespace driftcast {

struct TopicTarget {
  KafkaOptions kafka;
  std::string topic;
};

struct GenerateJob {
  GeneratorOptions options;
  std::string out = "-";             // "-" is standard output; a name in .gz is compressed
  std::optional<TopicTarget> topic;  // given: the records go there, each with its user as the key
  std::string labels;                // empty: none are written
  double speed = 0;                  // event time per real time; 0: as fast as it goes
};

struct GenerateSummary {
  Generated made;
  std::int64_t drifts = 0;  // planted ones that both sides have events of
  double wall_s = 0;
};

// Writes until all is made, the reader of standard output has gone (SIGPIPE must be ignored) or `stop` becomes true;
// the labels always tell of what was made until then. `progress` hears the number of records now and then.
Result<GenerateSummary> generate(const GenerateJob& job, const std::atomic<bool>& stop,
                                 const std::function<void(std::int64_t records)>& progress);

}  // namespace driftcast
