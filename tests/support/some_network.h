// A network that says something, as fresh_network draws it, with heads and a normalisation as after some training;
// priors that listen to it, and rows to say it of.
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "models/model_set.h"
#include "models/network_weights.h"

namespace driftcast {

// Every forecast depends on the row and on the carried state. The numbers are the same everywhere.
inline NetworkWeights some_network(std::size_t hidden, std::size_t layers, std::vector<int> horizons,
                                   std::uint64_t seed) {
  NetworkWeights weights = fresh_network(hidden, layers, std::move(horizons), seed);
  std::mt19937_64 random(seed);
  const auto within = [&random](float bound) { return bound * (static_cast<float>(random() >> 40U) * 0x1p-23F - 1); };
  for (float& number : weights.head) number = within(0.2F);
  for (float& number : weights.head_bias) number = within(0.2F);
  for (float& number : weights.mean) number = within(1);
  for (float& number : weights.scale) number = 1 + within(0.8F);
  weights.purchases = true;
  return weights;
}

// The shipped priors, a network's word beside them, which counts from the first day.
inline ModelSet priors_beside_a_network() {
  ModelSet models = default_models();
  for (ModelSet::Segment& segment : models.segments) {
    for (ExpertForecasts& weights : segment.weights) {
      for (float& weight : weights) weight *= 0.7F;
      weights[static_cast<std::size_t>(Expert::kNetwork)] = 0.3F;
    }
  }
  return models;
}

// Rows for it, of normal numbers.
inline std::vector<FeatureRow> some_rows(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0, 2);
  std::vector<FeatureRow> rows(count);
  for (FeatureRow& row : rows) {
    for (float& value : row) value = normal(random);
  }
  return rows;
}

}  // namespace driftcast
