#include "operators/accumulate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace driftcast {
namespace {

// Most counts of most steps are zero.
float log_count(double x) { return x == 0 ? 0 : static_cast<float>(std::log1p(x)); }
float log_signed(double x) { return x == 0 ? 0 : static_cast<float>(std::copysign(std::log1p(std::abs(x)), x)); }

double mean(const std::array<float, 5>& values) { return std::accumulate(values.begin(), values.end(), 0.0) / 5; }

void push(std::array<float, 5>& window, float value) {
  std::rotate(window.begin(), window.end() - 1, window.end());
  window[0] = value;
}

bool before(const OpenStep& open, Step step) { return open.step < step; }

}  // namespace

void accumulate(std::vector<OpenStep>& steps, const Event& event, Step step) {
  auto place = std::lower_bound(steps.begin(), steps.end(), step, before);
  if (place == steps.end() || place->step != step) place = steps.insert(place, OpenStep{step, {}, 0, 0, 0, {}});
  ++place->kinds[static_cast<std::size_t>(event.kind)];
  place->dwell_s += event.dwell_ms / 1000;
  place->amount += static_cast<float>(event.amount);
  const auto tag = static_cast<std::uint32_t>(event.category_hash);
  auto& categories = place->categories;
  if (categories.size() < kDistinctMax && std::find(categories.begin(), categories.end(), tag) == categories.end()) {
    categories.push_back(tag);
  }
}

OpenStep take_step(std::vector<OpenStep>& steps, Step step) {
  const auto place = std::lower_bound(steps.begin(), steps.end(), step, before);
  if (place == steps.end() || place->step != step) return OpenStep{step, {}, 0, 0, 0, {}};
  OpenStep taken = std::move(*place);
  steps.erase(place);
  return taken;
}

void push_recent(RecentSteps& recent, const OpenStep& step, std::uint32_t gap) {
  if (gap >= 5) recent = RecentSteps{};
  for (std::uint32_t i = 0; i < std::min(gap, 5U); ++i) {
    push(recent.events, 0);
    push(recent.purchases, 0);
    push(recent.amount, 0);
  }
  push(recent.events, static_cast<float>(events_in(step)));
  push(recent.purchases, static_cast<float>(step.kinds[static_cast<std::size_t>(Kind::kPurchase)]));
  push(recent.amount, step.amount);
}

FeatureRow count_features(const OpenStep& step, const RecentSteps& recent) {
  FeatureRow row{};
  for (std::size_t k = 0; k < kKinds; ++k) row[k] = log_count(static_cast<double>(step.kinds[k]));
  at(row, Feature::kSessions) = log_count(static_cast<double>(step.sessions));
  at(row, Feature::kDwell) = log_count(step.dwell_s);
  at(row, Feature::kAmount) = log_signed(step.amount);
  at(row, Feature::kCategories) = log_count(static_cast<double>(step.categories.size()));
  at(row, Feature::kMeanEvents5) = log_count(mean(recent.events));
  at(row, Feature::kMeanPurchases5) = log_count(mean(recent.purchases));
  at(row, Feature::kMeanAmount5) = log_signed(mean(recent.amount));
  return row;
}

}  // namespace driftcast
