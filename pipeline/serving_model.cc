#include "pipeline/serving_model.h"

#include <spdlog/spdlog.h>

#include "config/load_model.h"

namespace driftcast {

Result<ModelSet> open_model(const Settings& settings) {
  const PipelineOptions& options = settings.pipeline;
  auto loaded = load_model(options.model_dir, settings.operators.horizons, settings.operators.time.step.width);
  if (!loaded) return loaded.error();
  for (const std::string& note : loaded->notes) spdlog::warn("{}", note);
  return std::move(loaded->models);
}

}  // namespace driftcast
