#include "tests/torch/support/planted_set.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace driftcast {

namespace {

// Distributions of our own, so that all machines see the same users.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  double unit() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  double poisson(double mean) {
    double count = 0;
    for (double product = unit(); product > std::exp(-mean); product *= unit()) ++count;
    return count;
  }

 private:
  std::mt19937_64 engine_;
};

struct Day {
  double events = 0, carts = 0, purchases = 0;
};

std::vector<Day> drawn_steps(std::size_t steps, Chance& chance) {
  std::vector<Day> drawn(steps);
  const auto phase = static_cast<std::size_t>(chance.unit() * 28);
  bool cart = false;
  for (std::size_t t = 0; t < steps; ++t) {
    drawn[t].events = chance.poisson(std::exp2(static_cast<double>((t + phase) % 28 / 7)));
    drawn[t].purchases = chance.unit() < (cart ? 0.9 : 0.02) ? 1 : 0;
    cart = chance.unit() < 0.15;
    drawn[t].carts = cart ? 1 : 0;
  }
  return drawn;
}

float log_of(double value) { return static_cast<float>(std::log1p(value)); }

std::vector<FeatureRow> rows_of(const std::vector<Day>& steps) {
  std::vector<FeatureRow> rows(steps.size());
  double fast = 0, medium = 0, slow = 0;
  for (std::size_t t = 0; t < steps.size(); ++t) {
    FeatureRow& row = rows[t];
    fast += 0.3 * (steps[t].events - fast);
    medium += 0.1 * (steps[t].events - medium);
    slow += 0.02 * (steps[t].events - slow);
    at(row, Feature::kViews) = log_of(steps[t].events);
    at(row, Feature::kCarts) = log_of(steps[t].carts);
    at(row, Feature::kPurchases) = log_of(steps[t].purchases);
    at(row, Feature::kLevelFast) = log_of(fast);
    at(row, Feature::kLevelMedium) = log_of(medium);
    at(row, Feature::kLevelSlow) = log_of(slow);
  }
  return rows;
}

Part part_of(std::size_t made, std::size_t known, std::size_t steps) {
  const std::size_t train = steps * 3 / 5, validation = steps * 4 / 5;
  if (known <= train) return Part::kTrain;
  if (made >= train && known <= validation) return Part::kValidation;
  return made >= validation && known <= steps ? Part::kTest : Part::kNone;
}

TrainingLabel label_at(std::size_t row, const std::vector<Day>& steps, const std::vector<int>& horizons) {
  TrainingLabel label;
  label.row = static_cast<std::uint32_t>(row);
  label.shares = {0.6F, 0.3F, 0.1F};
  for (std::size_t s = 0; s < horizons.size(); ++s) {
    const std::size_t end = row + 1 + static_cast<std::size_t>(horizons[s]);
    label.part[s] = part_of(row + 1, end, steps.size());
    if (label.part[s] == Part::kNone) continue;
    double events = 0, purchases = 0;
    for (std::size_t t = row + 1; t < end; ++t) {
      events += steps[t].events;
      purchases += steps[t].purchases;
    }
    label.volume[s] = static_cast<float>(events);
    label.purchase[s] = purchases > 0;
    label.churn[s] = events == 0;
    label.slot_events[s] = {label.volume[s] * 0.1F, label.volume[s] * 0.3F, label.volume[s] * 0.6F};
  }
  return label;
}

}  // namespace

TrainingSet planted_set(std::size_t users, std::size_t steps, std::uint64_t seed) {
  Chance chance(seed);
  TrainingSet set;
  set.horizons = {1, 7};
  set.purchases = true;
  for (std::size_t u = 0; u < users; ++u) {
    const std::vector<Day> drawn = drawn_steps(steps - u % 5, chance);
    TrainingUser user;
    user.rows = rows_of(drawn);
    for (std::size_t t = 0; t < drawn.size(); ++t) user.labels.push_back(label_at(t, drawn, set.horizons));
    set.users.push_back(std::move(user));
  }
  return set;
}

}  // namespace driftcast
