#include "models/network_weights.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <utility>

#include "core/hash.h"

namespace driftcast {

namespace {

// SplitMix64 (Steele, Lea, Flood 2014), because the standard library's distributions differ between libraries.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : state_(seed) {}

  // Uniform in [-bound, bound).
  float within(float bound) {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    return (static_cast<float>(z >> 40) * 0x1p-23F - 1) * bound;
  }

 private:
  std::uint64_t state_;
};

void draw(std::vector<float>& numbers, std::size_t count, Draws& draws, float bound) {
  numbers.resize(count);
  for (float& number : numbers) number = draws.within(bound);
}

LstmLayer drawn_layer(std::size_t hidden, std::size_t inputs, Draws& draws) {
  const float bound = 1 / std::sqrt(static_cast<float>(hidden));
  LstmLayer layer;
  draw(layer.input, 4 * hidden * inputs, draws, bound);
  draw(layer.recurrent, 4 * hidden * hidden, draws, bound);
  layer.bias.resize(4 * hidden);
  for (float& bias : layer.bias) {
    const float of_input = draws.within(bound);
    bias = of_input + draws.within(bound);
  }
  std::fill_n(layer.bias.begin() + static_cast<std::ptrdiff_t>(hidden), hidden, 1.0F);  // i, f, g, o
  return layer;
}

std::string text(std::size_t number) { return std::to_string(number); }

// `sizes`: how many are wanted, and why.
std::string fault_of_numbers(const std::string& what, std::span<const float> numbers, std::size_t wanted,
                             const std::string& sizes) {
  if (numbers.size() != wanted) {
    return what + " has " + text(numbers.size()) + " numbers; " + sizes + " " + text(wanted);
  }
  const auto wrong = std::ranges::find_if_not(numbers, [](float number) { return std::isfinite(number); });
  if (wrong == numbers.end()) return {};
  return what + " is not finite at " + text(static_cast<std::size_t>(wrong - numbers.begin()));
}

std::string matrix(std::size_t rows, std::size_t columns) {
  return text(rows) + " outputs of " + text(columns) + " inputs each want";
}

std::string fault_of_sizes(const NetworkWeights& weights) {
  const auto& horizons = weights.horizons;
  if (weights.hidden == 0 || weights.hidden % kHiddenUnit != 0 || weights.hidden > kLargestHidden) {
    return "hidden is " + text(weights.hidden) + "; it is a multiple of " + text(kHiddenUnit) + " up to " +
           text(kLargestHidden);
  }
  if (weights.layers.empty() || weights.layers.size() > kMostLayers) {
    return text(weights.layers.size()) + " layers; 1 to " + text(kMostLayers) + " are possible";
  }
  if (horizons.empty() || horizons.size() > kHorizonSlots) {
    return text(horizons.size()) + " horizons; 1 to " + text(kHorizonSlots) + " are possible";
  }
  if (horizons.front() < 1) return "horizon " + std::to_string(horizons.front()) + " is not a number of steps";
  const auto wrong = std::ranges::adjacent_find(horizons, std::ranges::greater_equal());
  if (wrong == horizons.end()) return {};
  return "horizons are not ascending: " + std::to_string(wrong[0]) + " comes before " + std::to_string(wrong[1]);
}

std::string fault_of_normalisation(const NetworkWeights& weights) {
  for (std::size_t f = 0; f < kFeatures; ++f) {
    const std::string feature(kFeatureNames[f]);
    if (!std::isfinite(weights.mean[f])) return "mean of " + feature + " is not finite";
    if (!std::isfinite(weights.scale[f]) || weights.scale[f] <= 0) {
      return "scale of " + feature + " is " + std::to_string(weights.scale[f]) + "; it is finite and above zero";
    }
  }
  return {};
}

std::string fault_of_layer(const NetworkWeights& weights, std::size_t index) {
  const LstmLayer& layer = weights.layers[index];
  const std::string name = "layer " + text(index) + ": ";
  const std::size_t gates = 4 * weights.hidden;
  const std::size_t inputs = index == 0 ? kFeatures : weights.hidden;
  std::string fault = fault_of_numbers(name + "input", layer.input, gates * inputs, matrix(gates, inputs));
  if (fault.empty()) {
    fault =
        fault_of_numbers(name + "recurrent", layer.recurrent, gates * weights.hidden, matrix(gates, weights.hidden));
  }
  if (fault.empty()) fault = fault_of_numbers(name + "bias", layer.bias, gates, text(gates) + " outputs want");
  return fault;
}

std::string fault_of_heads(const NetworkWeights& weights) {
  const std::size_t outputs = weights.horizons.size() * kHeadOutputs;
  const std::size_t inputs = weights.hidden + kFeatures;
  const std::string heads = text(weights.horizons.size()) + " horizons of " + text(kHeadOutputs) + " outputs";
  std::string fault =
      fault_of_numbers("head", weights.head, outputs * inputs, heads + " of " + text(inputs) + " inputs each want");
  if (fault.empty()) fault = fault_of_numbers("head_bias", weights.head_bias, outputs, heads + " each want");
  return fault;
}

template <class Number>
std::uint64_t chained(std::span<const Number> numbers, std::uint64_t hash) {
  return hash64({reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()}, hash);
}

}  // namespace

NetworkWeights fresh_network(std::size_t hidden, std::size_t layers, std::vector<int> horizons, std::uint64_t seed) {
  NetworkWeights weights;
  weights.hidden = hidden;
  weights.horizons = std::move(horizons);
  weights.scale.fill(1);
  Draws draws(seed);
  for (std::size_t l = 0; l < layers; ++l) {
    weights.layers.push_back(drawn_layer(hidden, l == 0 ? kFeatures : hidden, draws));
  }
  const std::size_t outputs = weights.horizons.size() * kHeadOutputs;
  weights.head.assign(outputs * (hidden + kFeatures), 0);
  weights.head_bias.assign(outputs, 0);
  return weights;
}

std::string fault_of(const NetworkWeights& weights) {
  std::string fault = fault_of_sizes(weights);
  if (fault.empty()) fault = fault_of_normalisation(weights);
  for (std::size_t l = 0; l < weights.layers.size() && fault.empty(); ++l) fault = fault_of_layer(weights, l);
  if (fault.empty()) fault = fault_of_heads(weights);
  return fault;
}

std::uint64_t hash_of(const NetworkWeights& weights) {
  const std::uint64_t sizes[] = {weights.hidden, weights.layers.size(), weights.horizons.size(),
                                 weights.purchases ? 1U : 0U};
  std::uint64_t hash = chained<std::uint64_t>(sizes, 0);
  hash = chained<int>(weights.horizons, hash);
  hash = chained<float>(weights.mean, hash);
  hash = chained<float>(weights.scale, hash);
  for (const LstmLayer& layer : weights.layers) {
    for (const auto* numbers : {&layer.input, &layer.recurrent, &layer.bias}) hash = chained<float>(*numbers, hash);
  }
  hash = chained<float>(weights.head, hash);
  return chained<float>(weights.head_bias, hash);
}

}  // namespace driftcast
