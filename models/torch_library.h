// TorchLibrary: what LibTorch does for driftcast, behind a plain interface: it trains networks, and serves them on a
// GPU. It lives in a shared library of its own (models/torch/), which is loaded when asked for, so that the programs that
// serve do not link LibTorch. Both sides must be of the same build.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/result.h"
#include "models/network.h"
#include "models/trainer.h"

namespace driftcast {

class TorchLibrary {
 public:
  TorchLibrary() = default;
  TorchLibrary(const TorchLibrary&) = delete;
  TorchLibrary& operator=(const TorchLibrary&) = delete;
  virtual ~TorchLibrary() = default;

  virtual std::string version() const = 0;  // of LibTorch

  // Version, devices and how fast its BLAS is just now, in a line.
  virtual std::string description() const = 0;
  virtual bool has_cuda() const = 0;

  // Trains from `from`, or from fresh_network(seed). Same set, options and library: same numbers, interrupted or not.
  virtual Result<Trained> train(const TrainingSet& set, const TrainingOptions& options,
                                const std::optional<Checkpoint>& from, const TrainingWatch& watch) = 0;

  // A network on a device, cpu or cuda. `horizons` are the configuration's: forecasts come by their slots.
  virtual Result<std::unique_ptr<Network>> network(const NetworkWeights& weights, std::span<const int> horizons,
                                                   const std::string& device) = 0;
};

// The only symbol that is looked up: `TorchLibrary* driftcast_torch_library(int abi)`, null when `abi` is another; the
// library owns what it returns. Raised whenever anything that crosses the seam changes.
inline constexpr int kTorchLibraryAbi = 5;
inline constexpr const char* kTorchLibrarySymbol = "driftcast_torch_library";
using TorchLibraryEntry = TorchLibrary* (*)(int abi);

}  // namespace driftcast
