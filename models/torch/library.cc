// The entry of libdriftcast_torch.so: what models/torch_library.h promises, with LibTorch's exceptions as errors.
#include <torch/torch.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>

#include "models/torch/stopwatch.h"
#include "models/torch/torch_network.h"
#include "models/torch/training.h"
#include "models/torch_library.h"

namespace driftcast {

namespace {

constexpr double kSlowBlas = 10e9;  // operations per second, below which a BLAS is not made for this processor

// Multiplies two 256 x 256 matrices a few times; the best of them.
double operations_per_second() {
  const c10::InferenceMode guard;
  constexpr std::int64_t kSize = 256;
  const at::Tensor a = at::ones({kSize, kSize}), b = at::ones({kSize, kSize});
  at::Tensor product = at::mm(a, b);
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const Stopwatch watch;
    at::mm_out(product, a, b);
    best = std::max(best, 2.0 * kSize * kSize * kSize / watch.seconds());
  }
  return best;
}

// The first line of an exception: c10's carry a backtrace.
std::string first_line(const std::exception& failure) {
  const std::string what = failure.what();
  return what.substr(0, what.find('\n'));
}

template <class T, class Work>
Result<T> guarded(const std::string& tried, Work&& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return error(ErrorCode::kUnavailable, tried + ": out of memory");
  } catch (const std::exception& failure) {
    return error(ErrorCode::kUnavailable, tried + ": LibTorch says: " + first_line(failure));
  }
}

class Library final : public TorchLibrary {
 public:
  // One thread: users are many and matrices small; and numbers do not depend on the machine's cores. No cuDNN: it wants
  // weights in an order of its own, and complains at every call.
  Library() {
    at::globalContext().setUserEnabledCuDNN(false);
    at::set_num_threads(1);
    at::set_num_interop_threads(1);
  }

  std::string version() const override { return TORCH_VERSION; }

  std::string description() const override {
    const double speed = operations_per_second();
    char line[160];
    std::snprintf(line, sizeof line, "LibTorch %s, %s, BLAS %.0f GFLOP/s%s", TORCH_VERSION,
                  has_cuda() ? "CUDA" : "no CUDA", speed / 1e9,
                  speed < kSlowBlas ? ": slow, install libopenblas0-serial" : "");
    return line;
  }

  bool has_cuda() const override { return torch::cuda::is_available(); }

  Result<Trained> train(const TrainingSet& set, const TrainingOptions& options, const std::optional<Checkpoint>& from,
                        const TrainingWatch& watch) override {
    DRIFTCAST_TRY(check_device(options.device));
    return guarded<Trained>("training on " + options.device, [&] { return train_network(set, options, from, watch); });
  }

  Result<std::unique_ptr<Network>> network(const NetworkWeights& weights, std::span<const int> horizons,
                                           const std::string& device) override {
    DRIFTCAST_TRY(check_device(device));
    return guarded<std::unique_ptr<Network>>("loading the network to " + device,
                                             [&] { return torch_network(weights, horizons, device); });
  }

 private:
  Result<void> check_device(const std::string& device) const {
    if (device == "cpu" || (device == "cuda" && has_cuda())) return {};
    if (device != "cuda") return error(ErrorCode::kConfig, "no device " + device + ": there are cpu and cuda");
    return error(ErrorCode::kConfig,
                 "there is no CUDA device: this machine has none, or this LibTorch is built without it");
  }
};

}  // namespace

extern "C" __attribute__((visibility("default"))) TorchLibrary* driftcast_torch_library(int abi) {
  static Library library;
  return abi == kTorchLibraryAbi ? &library : nullptr;
}

}  // namespace driftcast
