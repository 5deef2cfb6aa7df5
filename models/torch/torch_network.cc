#include "models/torch/torch_network.h"

#include <utility>

namespace driftcast {

Result<std::unique_ptr<Network>> torch_network(const NetworkWeights& weights, std::span<const int>,
                                               const std::string&) {
  if (std::string fault = fault_of(weights); !fault.empty()) return error(ErrorCode::kData, std::move(fault));
  return error(ErrorCode::kUnavailable, "not built yet");
}

}  // namespace driftcast
