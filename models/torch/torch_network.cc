#include "models/torch/torch_network.h"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "core/hash.h"
#include "models/device_lost.h"
#include "models/network_heads.h"

namespace driftcast {

namespace {

using at::Tensor;

constexpr std::size_t kUsersAtOnce = 4096;  // more are split, so that copies and work overlap
constexpr std::size_t kRowsAtOnce = 65536;  // of them all in a replay

std::int64_t signed_size(std::size_t size) { return static_cast<std::int64_t>(size); }

Tensor on_device(std::span<const float> numbers, at::IntArrayRef shape, const at::Device& device) {
  return at::from_blob(const_cast<float*>(numbers.data()), shape, at::kFloat).to(device, false, /*copy=*/true);
}

// Matrices are kept as [inputs, outputs].
struct Layer {
  Tensor input, recurrent, bias;
};

Layer layer_on_device(const LstmLayer& layer, std::int64_t hidden, std::int64_t inputs, const at::Device& device) {
  const auto transposed = [&](const std::vector<float>& numbers, std::int64_t columns) {
    return on_device(numbers, {4 * hidden, columns}, at::kCPU).t().contiguous().to(device);
  };
  return {transposed(layer.input, inputs), transposed(layer.recurrent, hidden),
          on_device(layer.bias, {4 * hidden}, device)};
}

// Memory of the host that a device copies from and to, with the users it holds the work of.
struct Staging {
  Tensor rows, carried, outputs;
  std::vector<NetworkStep> users;   // in the order of `carried`, with their last row
  std::vector<std::int64_t> steps;  // users at each step, never more than at the step before; rows lie step by step
  std::int64_t used = 0;            // rows
};

struct Slot {
  std::optional<c10::Stream> stream;  // none on a CPU
  Staging staging;
};

// Two, so that one is copied while the other is computed.
struct Lane {
  std::array<Slot, 2> slots;
};

class TorchNetwork final : public Network {
 public:
  TorchNetwork(const NetworkWeights& weights, std::span<const int> horizons, const std::string& device);

  std::size_t carried() const override { return layers_.size() * 2 * hidden_; }
  std::uint64_t hash() const override { return hash_; }
  void step(std::span<const NetworkStep> users) const override;
  void replay(std::span<const NetworkWindow> users) const override;

 private:
  template <class Work>
  void with_lane(const char* tried, Work&& work) const;
  std::unique_ptr<Lane> borrowed() const;
  std::unique_ptr<Lane> new_lane() const;

  Tensor host_memory(std::size_t rows, std::size_t width, at::ScalarType type) const;
  void make_room(Staging& staging, std::size_t rows, std::size_t users) const;
  void stage(std::span<const NetworkStep> users, Staging& staging) const;
  void stage(std::span<const NetworkWindow* const> windows, Staging& staging) const;
  void launch(Slot& slot) const;
  void finish(Slot& slot) const;
  Tensor advance(const Tensor& rows, std::span<const std::int64_t> steps, const Tensor& carried) const;
  Tensor advance_layer(std::size_t index, const Tensor& input, std::span<const std::int64_t> steps,
                       const Tensor& carried) const;

  at::Device device_;
  std::size_t hidden_;
  bool purchases_;
  std::vector<int> horizons_;  // 0: not known to the network
  Tensor mean_, scale_, head_, head_bias_;
  std::vector<Layer> layers_;
  std::uint64_t hash_ = 0;

  mutable std::mutex lanes_lock_;  // held to take a lane and to give it back, never while one works
  mutable std::vector<std::unique_ptr<Lane>> lanes_;
};

TorchNetwork::TorchNetwork(const NetworkWeights& weights, std::span<const int> horizons, const std::string& device)
    : device_(device),
      hidden_(weights.hidden),
      purchases_(weights.purchases),
      horizons_(horizons.begin(), horizons.end()),
      mean_(on_device(weights.mean, {signed_size(kFeatures)}, device_)),
      scale_(on_device(weights.scale, {signed_size(kFeatures)}, device_)) {
  for (const LstmLayer& layer : weights.layers) {
    layers_.push_back(
        layer_on_device(layer, signed_size(hidden_), signed_size(layers_.empty() ? kFeatures : hidden_), device_));
  }
  std::vector<std::int64_t> chosen;
  for (int& horizon : horizons_) {
    const auto found = std::ranges::find(weights.horizons, horizon);
    if (found == weights.horizons.end()) horizon = 0;
    // A slot that is not known takes the place of the first: nobody reads it.
    const auto first = horizon == 0 ? 0 : (found - weights.horizons.begin()) * signed_size(kHeadOutputs);
    for (std::int64_t n = 0; n < signed_size(kHeadOutputs); ++n) chosen.push_back(first + n);
  }
  const Tensor rows = at::tensor(chosen, at::kLong);
  const std::int64_t outputs = signed_size(weights.head_bias.size());
  const Tensor head = on_device(weights.head, {outputs, signed_size(hidden_ + kFeatures)}, at::kCPU);
  head_ = head.index_select(0, rows).t().contiguous().to(device_);
  head_bias_ = on_device(weights.head_bias, {outputs}, at::kCPU).index_select(0, rows).to(device_);
  hash_ = hash64({reinterpret_cast<const char*>(horizons.data()), horizons.size_bytes()},
                 hash64("LibTorch on " + device, hash_of(weights)));
}

// --- lanes ---

std::unique_ptr<Lane> TorchNetwork::new_lane() const {
  auto lane = std::make_unique<Lane>();
  if (device_.is_cpu()) return lane;
  const c10::impl::VirtualGuardImpl streams(device_.type());
  const at::Device here = streams.getDevice();
  for (Slot& slot : lane->slots) slot.stream = streams.getStreamFromGlobalPool(here);
  return lane;
}

std::unique_ptr<Lane> TorchNetwork::borrowed() const {
  {
    const std::lock_guard lock(lanes_lock_);
    if (!lanes_.empty()) {
      auto lane = std::move(lanes_.back());
      lanes_.pop_back();
      return lane;
    }
  }
  return new_lane();
}

// After an error the lane is not given back: nobody knows what its streams still do.
template <class Work>
void TorchNetwork::with_lane(const char* tried, Work&& work) const {
  try {
    const c10::InferenceMode guard;
    auto lane = borrowed();
    work(*lane);
    for (Slot& slot : lane->slots) finish(slot);
    const std::lock_guard lock(lanes_lock_);
    lanes_.push_back(std::move(lane));
  } catch (const std::exception& failure) {
    const std::string what = failure.what();
    throw DeviceLost(std::string(tried) + " on " + device_.str() + ": " + what.substr(0, what.find('\n')));
  }
}

// --- staging ---

Tensor TorchNetwork::host_memory(std::size_t rows, std::size_t width, at::ScalarType type) const {
  return at::empty({signed_size(rows), signed_size(width)}, at::TensorOptions(type).pinned_memory(!device_.is_cpu()));
}

// Grown to what was needed most.
void TorchNetwork::make_room(Staging& staging, std::size_t rows, std::size_t users) const {
  const auto lacks = [](const Tensor& memory, std::size_t wanted) {
    return !memory.defined() || memory.size(0) < signed_size(wanted);
  };
  if (lacks(staging.rows, rows)) staging.rows = host_memory(rows, kFeatures, at::kFloat);
  if (!lacks(staging.carried, users)) return;
  staging.carried = host_memory(users, carried(), at::kHalf);
  staging.outputs = host_memory(users, horizons_.size() * kHeadOutputs, at::kFloat);
}

Half* halves_of(const Tensor& carried) {
  static_assert(sizeof(Half) == sizeof(at::Half));
  return reinterpret_cast<Half*>(carried.data_ptr<at::Half>());
}

void TorchNetwork::stage(std::span<const NetworkStep> users, Staging& staging) const {
  make_room(staging, users.size(), users.size());
  staging.users.assign(users.begin(), users.end());
  staging.steps.assign(1, signed_size(users.size()));
  staging.used = signed_size(users.size());
  auto* row = staging.rows.data_ptr<float>();
  Half* halves = halves_of(staging.carried);
  for (const NetworkStep& user : users) {
    row = std::ranges::copy(relative(*user.row), row).out;
    halves = std::copy_n(user.carried, carried(), halves);
  }
}

// The longest window first.
void TorchNetwork::stage(std::span<const NetworkWindow* const> windows, Staging& staging) const {
  std::size_t rows = 0;
  for (const NetworkWindow* window : windows) rows += window->rows.size();
  make_room(staging, rows, windows.size());
  std::fill_n(halves_of(staging.carried), windows.size() * carried(), Half{});
  staging.users.clear();
  for (const NetworkWindow* window : windows) {
    staging.users.push_back({&window->rows.back(), window->carried, window->forecast});
  }
  staging.steps.clear();
  staging.used = signed_size(rows);
  auto* row = staging.rows.data_ptr<float>();
  for (std::size_t t = 0; t < windows.front()->rows.size(); ++t) {
    while (windows.back()->rows.size() <= t) windows = windows.first(windows.size() - 1);
    for (const NetworkWindow* window : windows) row = std::ranges::copy(relative(window->rows[t]), row).out;
    staging.steps.push_back(signed_size(windows.size()));
  }
}

// --- on the device ---

// One layer over all steps: `input` [rows, F or H]; h of all rows. `carried` [users, carried()] is replaced.
Tensor TorchNetwork::advance_layer(std::size_t index, const Tensor& input, std::span<const std::int64_t> steps,
                                   const Tensor& carried) const {
  const Layer& layer = layers_[index];
  const std::int64_t hidden = signed_size(hidden_), offset = signed_size(index) * 2 * hidden;
  const Tensor projected = at::addmm(layer.bias, input, layer.input);
  const Tensor output = at::empty({input.size(0), hidden}, input.options());
  Tensor h = carried.narrow(1, offset, hidden).to(at::kFloat);
  Tensor c = carried.narrow(1, offset + hidden, hidden).to(at::kFloat);
  std::int64_t begin = 0;
  for (const std::int64_t users : steps) {
    const Tensor gates = at::addmm(projected.narrow(0, begin, users), h.narrow(0, 0, users), layer.recurrent);
    const std::vector<Tensor> gate = gates.chunk(4, 1);
    const Tensor kept = gate[1].sigmoid() * c.narrow(0, 0, users), added = gate[0].sigmoid() * gate[2].tanh();
    c = (kept + added).to(at::kHalf).to(at::kFloat);
    h = (gate[3].sigmoid() * c.tanh()).to(at::kHalf).to(at::kFloat);
    output.narrow(0, begin, users).copy_(h);
    carried.narrow(0, 0, users).narrow(1, offset, hidden).copy_(h);
    carried.narrow(0, 0, users).narrow(1, offset + hidden, hidden).copy_(c);
    begin += users;
  }
  return output;
}

// The heads' outputs [users, slots * kHeadOutputs] after each user's last row, which is not needed for them: h is.
Tensor TorchNetwork::advance(const Tensor& rows, std::span<const std::int64_t> steps, const Tensor& carried) const {
  constexpr double kLargest = kLargestInput;
  const Tensor x = ((rows - mean_) * scale_).nan_to_num(0.0, kLargest, -kLargest).clamp(-kLargest, kLargest);
  Tensor input = x;
  for (std::size_t l = 0; l < layers_.size(); ++l) input = advance_layer(l, input, steps, carried);
  std::vector<std::int64_t> last(static_cast<std::size_t>(steps.front()));
  std::int64_t begin = 0;
  for (const std::int64_t users : steps) {
    for (std::int64_t u = 0; u < users; ++u) last[static_cast<std::size_t>(u)] = begin + u;
    begin += users;
  }
  const Tensor which = at::tensor(last, at::kLong).to(device_);
  return at::addmm(head_bias_, at::cat({input.index_select(0, which), x.index_select(0, which)}, 1), head_);
}

void TorchNetwork::launch(Slot& slot) const {
  c10::OptionalStreamGuard guard;
  if (slot.stream) guard.reset_stream(*slot.stream);
  const Staging& staging = slot.staging;
  const std::int64_t users = signed_size(staging.users.size());
  const Tensor rows = staging.rows.narrow(0, 0, staging.used).to(device_, /*non_blocking=*/true);
  const Tensor carried = staging.carried.narrow(0, 0, users).to(device_, /*non_blocking=*/true);
  const Tensor outputs = advance(rows, staging.steps, carried);
  staging.outputs.narrow(0, 0, users).copy_(outputs, /*non_blocking=*/true);
  staging.carried.narrow(0, 0, users).copy_(carried, /*non_blocking=*/true);
}

// Waits for the slot's work and hands it out.
void TorchNetwork::finish(Slot& slot) const {
  Staging& staging = slot.staging;
  if (staging.users.empty()) return;
  if (slot.stream) slot.stream->synchronize();
  const Half* halves = halves_of(staging.carried);
  const float* outputs = staging.outputs.data_ptr<float>();
  const std::size_t width = horizons_.size() * kHeadOutputs;
  for (const NetworkStep& user : staging.users) {
    std::copy_n(halves, carried(), user.carried);
    if (user.forecast != nullptr) *user.forecast = net_forecast({outputs, width}, *user.row, horizons_, purchases_);
    halves += carried();
    outputs += width;
  }
  staging.users.clear();
}

void TorchNetwork::step(std::span<const NetworkStep> users) const {
  with_lane("a step of the network", [&](Lane& lane) {
    for (std::size_t block = 0; !users.empty(); ++block) {
      Slot& slot = lane.slots[block % 2];
      finish(slot);
      stage(users.first(std::min(users.size(), kUsersAtOnce)), slot.staging);
      users = users.subspan(slot.staging.users.size());
      launch(slot);
    }
  });
}

void TorchNetwork::replay(std::span<const NetworkWindow> users) const {
  std::vector<const NetworkWindow*> windows;
  for (const NetworkWindow& user : users) {
    DRIFTCAST_CHECK(!user.rows.empty());
    windows.push_back(&user);
  }
  std::ranges::sort(windows, std::ranges::greater(), [](const NetworkWindow* user) { return user->rows.size(); });
  with_lane("a replay of the network", [&](Lane& lane) {
    std::span<const NetworkWindow* const> rest = windows;
    for (std::size_t block = 0; !rest.empty(); ++block) {
      Slot& slot = lane.slots[block % 2];
      finish(slot);
      const std::size_t fit = std::clamp<std::size_t>(kRowsAtOnce / rest.front()->rows.size(), 1, kUsersAtOnce);
      stage(rest.first(std::min(rest.size(), fit)), slot.staging);
      rest = rest.subspan(slot.staging.users.size());
      launch(slot);
    }
  });
}

}  // namespace

Result<std::unique_ptr<Network>> torch_network(const NetworkWeights& weights, std::span<const int> horizons,
                                               const std::string& device) {
  DRIFTCAST_CHECK(horizons.size() <= kHorizonSlots);
  if (std::string fault = fault_of(weights); !fault.empty()) return error(ErrorCode::kData, std::move(fault));
  return std::unique_ptr<Network>(std::make_unique<TorchNetwork>(weights, horizons, device));
}

}  // namespace driftcast
