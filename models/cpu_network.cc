#include "models/cpu_network.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "core/check.h"
#include "core/hash.h"
#include "models/aligned_floats.h"
#include "models/bfloat_kernel.h"
#include "models/lstm_kernel.h"
#include "models/network_heads.h"

namespace driftcast {

namespace {

constexpr std::uint64_t kKernelVersion = 2;  // raised when the same weights give other bits
constexpr std::uint64_t kBfloatVersion = 1'000'001;

// Rows at a time: the more, the rarer the weights are read; the fewer, the surer their gates stay in the second cache.
constexpr std::size_t kBlock = 48;

// A matrix as the kernel wants it, its outputs padded to whole panels with zeros.
struct Packed {
  std::size_t panels = 0, depth = 0;
  AlignedFloats weights, bias;

  // Of matrices [outputs, columns] side by side, `chosen` of their rows.
  struct Part {
    const float* numbers;
    std::size_t columns;
  };
  Packed(std::span<const Part> parts, const float* biases, std::span<const std::size_t> chosen)
      : panels((chosen.size() + kPanel - 1) / kPanel) {
    for (const Part& part : parts) depth += part.columns;
    weights = AlignedFloats(panels * depth * kPanel);
    bias = AlignedFloats(panels * kPanel);
    std::fill_n(weights.data(), panels * depth * kPanel, 0.0F);
    std::fill_n(bias.data(), panels * kPanel, 0.0F);
    for (std::size_t n = 0; n < chosen.size(); ++n) {
      bias.data()[n] = biases[chosen[n]];
      float* to = weights.data() + n / kPanel * depth * kPanel + n % kPanel;
      for (const Part& part : parts) {
        for (std::size_t k = 0; k < part.columns; ++k, to += kPanel) *to = part.numbers[chosen[n] * part.columns + k];
      }
    }
  }

  std::size_t outputs() const { return panels * kPanel; }

  // Of no rows and operands yet.
  Chains chains_into(float* out) const {
    Chains chains;
    chains.panels = panels;
    chains.weights = weights.data();
    chains.panel_stride = depth * kPanel;
    chains.start = bias.data();
    chains.out = out;
    chains.out_stride = outputs();
    return chains;
  }
};

Packed packed_layer(const LstmLayer& layer, std::size_t inputs, std::size_t hidden) {
  std::vector<std::size_t> all(4 * hidden);
  std::iota(all.begin(), all.end(), 0);
  const Packed::Part parts[] = {{layer.input.data(), inputs}, {layer.recurrent.data(), hidden}};
  return {parts, layer.bias.data(), all};
}

// The same for the tiles of bfloat16: [panels][blocks of the inputs, then of h][16 pairs][16 outputs][2].
std::vector<std::uint16_t> packed_bfloats(const LstmLayer& layer, std::size_t inputs, std::size_t hidden) {
  const std::size_t blocks = bfloat_blocks(inputs) + bfloat_blocks(hidden);
  std::vector<std::uint16_t> packed(4 * hidden * blocks * kBfloatDepth);
  const auto put = [&](std::size_t n, std::size_t block, std::size_t k, float weight) {
    const std::size_t panel = n / kBfloatPanel * blocks + block + k / kBfloatDepth;
    const std::size_t pair = k % kBfloatDepth / 2 * kBfloatPanel + n % kBfloatPanel;
    packed[panel * kBfloatBlock + pair * 2 + k % 2] = bfloat_of(weight);
  };
  for (std::size_t n = 0; n < 4 * hidden; ++n) {
    for (std::size_t k = 0; k < inputs; ++k) put(n, 0, k, layer.input[n * inputs + k]);
    for (std::size_t k = 0; k < hidden; ++k) put(n, bfloat_blocks(inputs), k, layer.recurrent[n * hidden + k]);
  }
  return packed;
}

struct Layer {
  Packed floats;
  std::vector<std::uint16_t> bfloats;  // empty: the floats serve
  std::size_t inputs = 0;
};

// The heads of the slots that the network knows; `horizons`: 0 for those that it does not.
struct Heads {
  std::vector<int> horizons;
  Packed packed;
};

Heads packed_heads(const NetworkWeights& weights, std::span<const int> horizons) {
  std::vector<int> known(horizons.begin(), horizons.end());
  std::vector<std::size_t> chosen;
  for (int& horizon : known) {
    const auto found = std::ranges::find(weights.horizons, horizon);
    const auto index = static_cast<std::size_t>(found - weights.horizons.begin());
    if (found == weights.horizons.end()) horizon = 0;
    // A slot that is not known takes the place of the first: nobody reads it.
    const std::size_t first = horizon == 0 ? 0 : index * kHeadOutputs;
    for (std::size_t n = 0; n < kHeadOutputs; ++n) chosen.push_back(first + n);
  }
  const std::size_t inputs = weights.hidden + kFeatures;
  std::vector<float> hidden_part, row_part;
  for (std::size_t n = 0; n < weights.head_bias.size(); ++n) {
    const float* row = weights.head.data() + n * inputs;
    hidden_part.insert(hidden_part.end(), row, row + weights.hidden);
    row_part.insert(row_part.end(), row + weights.hidden, row + inputs);
  }
  const Packed::Part parts[] = {{hidden_part.data(), weights.hidden}, {row_part.data(), kFeatures}};
  return {std::move(known), Packed(parts, weights.head_bias.data(), chosen)};
}

const LstmKernel& kernel_of(Instructions instructions) {
  switch (instructions) {
    case Instructions::kAvx512: return kAvx512Kernel;
    case Instructions::kAvx2: return kAvx2Kernel;
    case Instructions::kPortable: break;
  }
  return kPortableKernel;
}

std::uint16_t* halves(Half* half) {
  static_assert(sizeof(Half) == sizeof(std::uint16_t));
  return &half->bits;
}

// Rows of some users at consecutive steps: those of a step lie side by side, and users who have no more rows are
// missing at the end. `users` [steps]: how many there are, never more than at the step before.
struct Stretch {
  std::span<std::uint16_t* const> carried;
  std::span<const std::size_t> users;
  std::span<const FeatureRow* const> rows;
};

class CpuNetwork final : public Network {
 public:
  // NOLINTBEGIN(clang-analyzer-cplusplus.NewDeleteLeaks): what AlignedFloats releases looks leaked to it
  CpuNetwork(const NetworkWeights& weights, std::span<const int> horizons, Instructions instructions,
             Precision precision)
      : hidden_(weights.hidden),
        mean_(weights.mean),
        scale_(weights.scale),
        purchases_(weights.purchases),
        heads_(packed_heads(weights, horizons)),
        kernel_(kernel_of(instructions)) {
    const bool bfloats = precision == Precision::kBfloat16;
    for (const LstmLayer& layer : weights.layers) {
      const std::size_t inputs = layers_.empty() ? kFeatures : hidden_;
      layers_.push_back({packed_layer(layer, inputs, hidden_),
                         bfloats ? packed_bfloats(layer, inputs, hidden_) : std::vector<std::uint16_t>(), inputs});
    }
    hash_ = hash64({reinterpret_cast<const char*>(horizons.data()), horizons.size_bytes()},
                   hash_of(weights) + (bfloats ? kBfloatVersion : kKernelVersion));
  }
  // NOLINTEND(clang-analyzer-cplusplus.NewDeleteLeaks)

  std::size_t carried() const override { return layers_.size() * 2 * hidden_; }
  std::uint64_t hash() const override { return hash_; }
  void step(std::span<const NetworkStep> users) const override;
  void replay(std::span<const NetworkWindow> users) const override;

 private:
  struct Scratch;
  static Scratch& scratch();

  void advance(const Stretch& stretch, Scratch& scratch) const;
  void advance_layer(std::size_t index, const Stretch& stretch, const float* input, float* output,
                     Scratch& scratch) const;
  void multiply(const Layer& layer, const Chains& chains) const;
  void replay_block(std::span<const NetworkWindow* const> block, Scratch& scratch) const;
  void forecast(Scratch& scratch) const;
  void normalise(const FeatureRow& row, float* x) const;

  std::size_t hidden_;
  FeatureRow mean_, scale_;
  bool purchases_;
  Heads heads_;
  const LstmKernel& kernel_;
  std::vector<Layer> layers_;
  std::uint64_t hash_ = 0;
};

// Memory of one thread, grown to what was needed most.
struct CpuNetwork::Scratch {
  AlignedFloats x, gates, h, outputs, other_outputs, forecasts;
  std::vector<std::uint16_t*> carried;
  std::vector<const FeatureRow*> rows;
  std::vector<std::size_t> users;
  std::vector<const NetworkWindow*> windows;
  std::vector<NetworkStep> wanted;  // forecasts
};

CpuNetwork::Scratch& CpuNetwork::scratch() {
  thread_local Scratch scratch;
  return scratch;
}

void CpuNetwork::normalise(const FeatureRow& row, float* x) const {
  const FeatureRow inputs = relative(row);
  for (std::size_t f = 0; f < kFeatures; ++f) {
    const float value = (inputs[f] - mean_[f]) * scale_[f];
    const float below = value < kLargestInput ? value : kLargestInput;
    const float inside = below > -kLargestInput ? below : -kLargestInput;
    x[f] = std::isnan(value) ? 0 : inside;
  }
}

// Chains of the layer in the precision that it is packed for. Without a first operand they go on where its part ended.
void CpuNetwork::multiply(const Layer& layer, const Chains& chains) const {
  static_assert(2 * kLargestHidden <= kBfloatMostDepth && kFeatures <= kLargestHidden);
  if (layer.bfloats.empty()) return kernel_.chains(chains);
  const std::size_t skipped = chains.first.depth == 0 ? bfloat_blocks(layer.inputs) : 0;
  const BfloatChains same{
      .rows = chains.rows,
      .panels = chains.panels * kPanel / kBfloatPanel,
      .first = chains.first,
      .second = chains.second,
      .weights = layer.bfloats.data() + skipped * kBfloatBlock,
      .panel_stride = (bfloat_blocks(layer.inputs) + bfloat_blocks(hidden_)) * kBfloatBlock,
      .start = chains.start,
      .start_stride = chains.start_stride,
      .out = chains.out,
      .out_stride = chains.out_stride,
  };
  has_amx() ? bfloat_chains_amx(same) : bfloat_chains_portable(same);
}

// One layer over all steps of a stretch: `input` and `output` are [rows of the stretch][depth].
void CpuNetwork::advance_layer(std::size_t index, const Stretch& stretch, const float* input, float* output,
                               Scratch& scratch) const {
  const Layer& of = layers_[index];
  const Packed& layer = of.floats;
  const std::size_t inputs = of.inputs;
  const std::size_t offset = index * 2 * hidden_;
  const bool alone = stretch.users.size() == 1;

  Chains chains = layer.chains_into(scratch.gates.data());
  chains.rows = stretch.rows.size();
  chains.first = {input, inputs, inputs};
  if (!alone) {  // the inputs' part of all steps at once: the chains' beginnings
    multiply(of, chains);
    chains.weights += inputs * kPanel;
    chains.start_stride = layer.outputs();
    chains.first = {};
  }
  const float* h = scratch.h.data();
  for (std::size_t r = 0; r < stretch.users[0]; ++r) {
    kernel_.widen(stretch.carried[r] + offset, scratch.h.data() + r * hidden_, hidden_);
  }
  for (const std::size_t users : stretch.users) {
    chains.rows = users;
    chains.second = {h, hidden_, hidden_};
    if (!alone) chains.start = chains.out;
    multiply(of, chains);
    kernel_.cells({.rows = users,
                   .hidden = hidden_,
                   .gates = chains.out,
                   .gates_stride = layer.outputs(),
                   .state = stretch.carried.data(),
                   .state_offset = offset,
                   .h = output,
                   .h_stride = hidden_});
    h = output;
    output += users * hidden_;
    chains.out += users * layer.outputs();
  }
}

void CpuNetwork::advance(const Stretch& stretch, Scratch& scratch) const {
  const std::size_t rows = stretch.rows.size();
  float* x = scratch.x.at_least(rows * kFeatures);
  for (std::size_t r = 0; r < rows; ++r) normalise(*stretch.rows[r], x + r * kFeatures);
  scratch.gates.at_least(rows * layers_[0].floats.outputs());
  scratch.h.at_least(stretch.users[0] * hidden_);
  float* output = scratch.outputs.at_least(rows * hidden_);
  float* other = scratch.other_outputs.at_least(rows * hidden_);
  const float* input = x;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    advance_layer(l, stretch, input, output, scratch);
    input = output;
    std::swap(output, other);
  }
}

// The forecasts of scratch.wanted, from the carried states.
void CpuNetwork::forecast(Scratch& scratch) const {
  const std::size_t rows = scratch.wanted.size();
  float* x = scratch.x.at_least(rows * kFeatures);
  float* h = scratch.h.at_least(rows * hidden_);
  const std::size_t outputs = heads_.packed.outputs();
  float* out = scratch.forecasts.at_least(rows * outputs);
  for (std::size_t r = 0; r < rows; ++r) {
    const NetworkStep& wanted = scratch.wanted[r];
    normalise(*wanted.row, x + r * kFeatures);
    kernel_.widen(halves(wanted.carried) + carried() - 2 * hidden_, h + r * hidden_, hidden_);
  }
  Chains chains = heads_.packed.chains_into(out);
  chains.rows = rows;
  chains.first = {h, hidden_, hidden_};
  chains.second = {x, kFeatures, kFeatures};
  kernel_.chains(chains);
  for (std::size_t r = 0; r < rows; ++r) {
    const NetworkStep& wanted = scratch.wanted[r];
    *wanted.forecast = net_forecast({out + r * outputs, heads_.horizons.size() * kHeadOutputs}, *wanted.row,
                                    heads_.horizons, purchases_);
  }
  scratch.wanted.clear();
}

void CpuNetwork::step(std::span<const NetworkStep> users) const {
  Scratch& own = scratch();
  while (!users.empty()) {
    const auto block = users.first(std::min(users.size(), kBlock));
    users = users.subspan(block.size());
    own.carried.clear();
    own.rows.clear();
    for (const NetworkStep& user : block) {
      own.carried.push_back(halves(user.carried));
      own.rows.push_back(user.row);
      if (user.forecast != nullptr) own.wanted.push_back(user);
    }
    own.users.assign(1, block.size());
    advance({own.carried, own.users, own.rows}, own);
    forecast(own);
  }
}

// Windows sorted by length, the longest first.
void CpuNetwork::replay_block(std::span<const NetworkWindow* const> block, Scratch& scratch) const {
  scratch.carried.clear();
  for (const NetworkWindow* user : block) {
    std::fill_n(user->carried, carried(), Half{});
    scratch.carried.push_back(halves(user->carried));
    if (user->forecast != nullptr) scratch.wanted.push_back({&user->rows.back(), user->carried, user->forecast});
  }
  const std::size_t longest = block.front()->rows.size();
  for (std::size_t step = 0; step < longest;) {
    scratch.users.clear();
    scratch.rows.clear();
    do {
      while (block.back()->rows.size() <= step) block = block.first(block.size() - 1);
      scratch.users.push_back(block.size());
      for (const NetworkWindow* user : block) scratch.rows.push_back(&user->rows[step]);
      ++step;
    } while (step < longest && scratch.rows.size() + block.size() <= kBlock);
    advance({scratch.carried, scratch.users, scratch.rows}, scratch);
  }
  forecast(scratch);
}

void CpuNetwork::replay(std::span<const NetworkWindow> users) const {
  Scratch& own = scratch();
  own.windows.clear();
  for (const NetworkWindow& user : users) {
    DRIFTCAST_CHECK(!user.rows.empty());
    own.windows.push_back(&user);
  }
  std::ranges::sort(own.windows, std::ranges::greater(), [](const NetworkWindow* user) { return user->rows.size(); });
  std::span<const NetworkWindow* const> rest = own.windows;
  while (!rest.empty()) {
    const auto block = rest.first(std::min(rest.size(), kBlock));
    rest = rest.subspan(block.size());
    replay_block(block, own);
  }
}

}  // namespace

bool has(Instructions instructions) {
  switch (instructions) {
    case Instructions::kPortable: return true;
    case Instructions::kAvx2:  // whoever has it has F16C
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Instructions::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl");
  }
  return false;
}

Instructions best_instructions() {
  for (const Instructions best : {Instructions::kAvx512, Instructions::kAvx2}) {
    if (has(best)) return best;
  }
  return Instructions::kPortable;
}

Result<std::unique_ptr<Network>> cpu_network(const NetworkWeights& weights, std::span<const int> horizons,
                                             Instructions instructions, Precision precision) {
  DRIFTCAST_CHECK(horizons.size() <= kHorizonSlots);
  DRIFTCAST_CHECK(has(instructions));
  if (std::string fault = fault_of(weights); !fault.empty()) return error(ErrorCode::kData, std::move(fault));
  return std::unique_ptr<Network>(std::make_unique<CpuNetwork>(weights, horizons, instructions, precision));
}

}  // namespace driftcast
