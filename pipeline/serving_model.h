// The model that the settings name, ready to serve, its network where they want it.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "config/settings.h"
#include "core/result.h"
#include "models/model_set.h"
#include "models/network_weights.h"
#include "models/torch_library.h"
#include "pipeline/metrics.h"
#include "pipeline/options.h"

namespace driftcast {

// What should be known about it is logged. `metrics` are told where the network runs and must outlive it; null: nobody.
// Errors: those of load_model; kConfig: model.device is cuda, and there is no LibTorch or no such device; or
// model.precision is bfloat16, and the device is not the CPU.
Result<ModelSet> open_model(const Settings& settings, Metrics* metrics = nullptr);

// A network on one of the library's devices, shared by the lanes of a job: steps are gathered into batches; when the
// device is lost, which is logged and counted, the CPU goes on. `metrics` as above. Errors: those of the library and of
// cpu_network.
Result<std::unique_ptr<Network>> shared_network(TorchLibrary& library, const std::string& device,
                                                const NetworkWeights& weights, std::span<const int> horizons,
                                                const PipelineOptions& options, Metrics* metrics);

}  // namespace driftcast
