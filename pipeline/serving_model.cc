#include "pipeline/serving_model.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "config/load_model.h"
#include "models/bfloat_kernel.h"
#include "models/cpu_network.h"
#include "pipeline/fallback_network.h"
#include "pipeline/gathering_network.h"
#include "pipeline/torch_library_loader.h"

namespace driftcast {
namespace {

using Made = Result<std::unique_ptr<Network>>;

Made on_cuda(const NetworkWeights& weights, std::span<const int> horizons, const PipelineOptions& options,
             Metrics* metrics) {
  const auto library = load_torch_library();
  if (!library) return library.error();
  auto network = shared_network(**library, "cuda", weights, horizons, options, metrics);
  if (network) spdlog::info("the network runs on CUDA: {}", (*library)->description());
  return network;
}

// Whatever is missing, the device was asked for: it is for who wrote the configuration to decide.
Error no_cuda(const Error& why) {
  return error(ErrorCode::kConfig, "model.device is cuda, but " + why.message + "; or set model.device to auto or cpu");
}

Made in_bfloat16(const NetworkWeights& weights, std::span<const int> horizons, const PipelineOptions& options) {
  if (options.model_device != "cpu") {
    return error(ErrorCode::kConfig, "model.precision is bfloat16, which is for the CPU, but model.device is " +
                                         options.model_device + "; set it to cpu, or model.precision to float32");
  }
  if (!has_amx()) spdlog::warn("model.precision is bfloat16 and this processor has no AMX: the network will be slow");
  return cpu_network(weights, horizons, best_instructions(), Precision::kBfloat16);
}

Made network_by_settings(const NetworkWeights& weights, std::span<const int> horizons, const PipelineOptions& options,
                         Metrics* metrics) {
  if (options.model_precision == "bfloat16") return in_bfloat16(weights, horizons, options);
  if (options.model_device == "cpu") return cpu_network(weights, horizons);
  Made network = on_cuda(weights, horizons, options, metrics);
  if (network || network.error().code == ErrorCode::kData) return network;
  if (options.model_device == "cuda") return no_cuda(network.error());
  spdlog::info("the network runs on the CPU: {}", network.error().message);
  return cpu_network(weights, horizons);
}

}  // namespace

Result<ModelSet> open_model(const Settings& settings, Metrics* metrics) {
  const PipelineOptions& options = settings.pipeline;
  auto loaded = load_model(options.model_dir, settings.operators.horizons, settings.operators.time.step.width,
                           [&](const NetworkWeights& weights, std::span<const int> horizons) {
                             return network_by_settings(weights, horizons, options, metrics);
                           });
  if (!loaded) return loaded.error();
  for (const std::string& note : loaded->notes) spdlog::warn("{}", note);
  return std::move(loaded->models);
}

Result<std::unique_ptr<Network>> shared_network(TorchLibrary& library, const std::string& device,
                                                const NetworkWeights& weights, std::span<const int> horizons,
                                                const PipelineOptions& options, Metrics* metrics) {
  Made on_device = library.network(weights, horizons, device);
  if (!on_device) return on_device.error();
  Made on_cpu = cpu_network(weights, horizons);
  if (!on_cpu) return on_cpu.error();
  if (metrics != nullptr) metrics->network_on_device(true);
  return std::unique_ptr<Network>(std::make_unique<FallbackNetwork>(
      std::make_unique<GatheringNetwork>(*std::move(on_device), options.model_batch, options.threads),
      *std::move(on_cpu), [metrics](const std::string& why) {
        spdlog::warn("the device is lost, from now on the network runs on the CPU: {}", why);
        if (metrics != nullptr) metrics->network_device_lost();
      }));
}

}  // namespace driftcast
