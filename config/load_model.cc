#include "config/load_model.h"

#include <algorithm>
#include <utility>

#include "config/model_directory.h"
#include "config/units.h"
#include "models/cpu_network.h"

namespace driftcast {
namespace {

std::string list_of(std::span<const int> horizons) {
  std::string list;
  for (const int steps : horizons) list += (list.empty() ? "" : ", ") + std::to_string(steps);
  return list;
}

// The configuration's horizons of which the network says nothing.
std::vector<int> unknown_horizons(const NetworkWeights& network, std::span<const int> horizons) {
  std::vector<int> unknown;
  for (const int steps : horizons) {
    if (std::ranges::find(network.horizons, steps) == network.horizons.end()) unknown.push_back(steps);
  }
  return unknown;
}

Error other_step(const std::string& dir, std::int64_t made_for, Duration step) {
  const std::string made = format_duration(made_for), wanted = format_duration(step.count());
  return error(ErrorCode::kConfig, "the model '" + dir + "' was made for steps of " + made + ", time.step is " +
                                       wanted + ": set time.step to " + made + ", or train a model for " + wanted);
}

}  // namespace

Result<LoadedModel> load_model(const std::string& dir, std::span<const int> horizons, Duration step,
                               const MakeNetwork& make) {
  if (dir.empty()) return LoadedModel{default_models(), {}};
  Result<ModelFiles> files = read_model(dir);
  if (!files) return files.error();
  if (files->step_ms != step.count()) return other_step(dir, files->step_ms, step);
  LoadedModel loaded{std::move(files->models), {}};
  if (!files->network) return loaded;
  Result<std::unique_ptr<Network>> network = make(*files->network, horizons);
  if (!network) return network.error();
  loaded.models.network = *std::move(network);
  if (const std::vector<int> unknown = unknown_horizons(*files->network, horizons); !unknown.empty()) {
    loaded.notes.push_back("the network of '" + dir + "' knows horizons of " + list_of(files->network->horizons) +
                           " steps; of " + list_of(unknown) + " the other experts forecast without it");
  }
  return loaded;
}

Result<LoadedModel> load_model(const std::string& dir, std::span<const int> horizons, Duration step) {
  return load_model(dir, horizons, step, [](const NetworkWeights& weights, std::span<const int> wanted) {
    return cpu_network(weights, wanted);
  });
}

}  // namespace driftcast
