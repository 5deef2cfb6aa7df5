// Networks and users made of chance, models with such a network, and what it leaves of the users.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "models/network.h"
#include "tests/support/some_network.h"

namespace driftcast {

inline NetworkWeights some_weights(std::size_t hidden, std::size_t layers, std::vector<int> horizons = {1, 7, 30}) {
  return some_network(hidden, layers, std::move(horizons), 5);
}

inline ModelSet models_with(std::unique_ptr<Network> network, const NetworkWeights& weights) {
  return with_network(priors_beside_a_network(), std::move(network), hash_of(weights));
}

struct Users {
  std::vector<Half> carried;  // [users, Network::carried()]
  std::vector<NetForecast> forecasts;

  Users(const Network& network, std::size_t count) : carried(count * network.carried()), forecasts(count) {}

  std::span<const Half> of(std::size_t user) const {
    const std::size_t each = carried.size() / forecasts.size();
    return std::span(carried).subspan(user * each, each);
  }
};

// One step of all users, a row each.
inline void step(const Network& network, std::span<const FeatureRow> rows, Users& users) {
  std::vector<NetworkStep> steps;
  for (std::size_t u = 0; u < rows.size(); ++u) {
    steps.push_back({&rows[u], users.carried.data() + u * network.carried(), &users.forecasts[u]});
  }
  network.step(steps);
}

inline Users replayed(const Network& network, const std::vector<std::vector<FeatureRow>>& rows) {
  Users users(network, rows.size());
  std::vector<NetworkWindow> windows;
  for (std::size_t u = 0; u < rows.size(); ++u) {
    windows.push_back({rows[u], users.carried.data() + u * network.carried(), &users.forecasts[u]});
  }
  network.replay(windows);
  return users;
}

// How many halves lie between two, one of them counted: 0 for equal ones, 1 for neighbours.
inline int halves_between(Half a, Half b) {
  const auto place = [](Half half) { return (half.bits & 0x8000U) != 0 ? -(half.bits & 0x7fff) : half.bits & 0x7fff; };
  return std::abs(place(a) - place(b));
}

inline float largest_difference(std::span<const Half> a, std::span<const Half> b) {
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(to_float(a[i]) - to_float(b[i])));
  return largest;
}

}  // namespace driftcast
