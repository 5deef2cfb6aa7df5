#include "config/network_tensors.h"

#include <algorithm>
#include <utility>

#include "config/members.h"

namespace driftcast {
namespace {

struct Place {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::vector<float>* numbers;
};

std::vector<Place> places_of(NetworkWeights& weights) {
  const std::uint64_t hidden = weights.hidden, outputs = weights.horizons.size() * kHeadOutputs;
  std::vector<Place> places;
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const std::string layer = "lstm." + std::to_string(i) + ".";
    LstmLayer& numbers = weights.layers[i];
    places.push_back({layer + "input", {4 * hidden, i == 0 ? kFeatures : hidden}, &numbers.input});
    places.push_back({layer + "recurrent", {4 * hidden, hidden}, &numbers.recurrent});
    places.push_back({layer + "bias", {4 * hidden}, &numbers.bias});
  }
  places.push_back({"head.weight", {outputs, hidden + kFeatures}, &weights.head});
  places.push_back({"head.bias", {outputs}, &weights.head_bias});
  return places;
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text;
  for (const std::uint64_t length : shape) text += (text.empty() ? "" : ", ") + std::to_string(length);
  return "[" + text + "]";
}

}  // namespace

std::vector<Tensor> tensors_of(const NetworkWeights& weights) {
  NetworkWeights copy = weights;
  std::vector<Tensor> tensors;
  for (Place& place : places_of(copy)) {
    tensors.push_back({std::move(place.name), std::move(place.shape), std::move(*place.numbers)});
  }
  return tensors;
}

Result<void> take_tensors(std::vector<Tensor> tensors, const std::string& path, NetworkWeights& weights) {
  std::string wrong;
  const auto report = [&](const std::string& name, const std::string& what) {
    wrong += "\n" + path + ": " + quoted_name(name) + " " + what;
  };
  for (const Place& place : places_of(weights)) {
    const auto found = std::ranges::find(tensors, place.name, &Tensor::name);
    if (found == tensors.end()) {
      report(place.name, "is missing");
      continue;
    }
    if (found->shape != place.shape) {
      report(place.name, "has shape " + shape_text(found->shape) + ", model.json makes it " + shape_text(place.shape));
    }
    *place.numbers = std::move(found->data);
    tensors.erase(found);
  }
  for (const Tensor& tensor : tensors) report(tensor.name, "is not known here");
  if (wrong.empty()) return {};
  return error(ErrorCode::kData, "'" + path + "' does not hold the network of its model:" + wrong);
}

}  // namespace driftcast
