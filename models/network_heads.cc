#include "models/network_heads.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "models/interval.h"

namespace driftcast {

namespace {

constexpr double kLargestLevel = 1e9;  // events per step, as the experts count

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

// Of y > 0.
double softplus_inverse(double y) { return y + std::log(-std::expm1(-y)); }

// Heads of weights beyond all measure may overflow; such an output says nothing.
double sane(double output) { return std::isfinite(output) ? output : 0; }

double level(const FeatureRow& row, Feature feature) {
  const double events = std::expm1(static_cast<double>(row[static_cast<std::size_t>(feature)]));
  return events > 0 ? std::min(events, kLargestLevel) : 0;
}

double volume(const VolumeLevel& level, double output, int horizon) {
  return horizon * level.scale * softplus(level.start + sane(output));
}

double dispersion(double output) { return std::clamp(std::exp(sane(output)), kLeastDispersion, kLargestDispersion); }

}  // namespace

VolumeLevel volume_level(const FeatureRow& row) {
  const double scale = 1 + level(row, Feature::kLevelSlow);
  return {scale, softplus_inverse(std::max(level(row, Feature::kLevelMedium) / scale, kLeastLevel))};
}

double head_volume(double output, const FeatureRow& row, int horizon) {
  return volume(volume_level(row), output, horizon);
}

double head_probability(double output) { return 1 / (1 + std::exp(-sane(output))); }

std::array<double, kRankSlots + 1> head_shares(const std::array<double, kRankSlots + 1>& shares,
                                               const std::array<float, kRankSlots + 1>& outputs) {
  const auto there = [&](std::size_t i) { return shares[i] > 0 || i == kRankSlots; };
  double largest = sane(outputs[kRankSlots]);
  for (std::size_t i = 0; i < kRankSlots; ++i) {
    if (there(i)) largest = std::max(largest, sane(outputs[i]));
  }
  std::array<double, kRankSlots + 1> said{};
  double sum = 0;
  for (std::size_t i = 0; i < said.size(); ++i) {
    if (there(i)) said[i] = (shares[i] + kLeastShare) * std::exp(sane(outputs[i]) - largest);
    sum += said[i];
  }
  for (double& share : said) share /= sum;
  return said;
}

NetForecast net_forecast(std::span<const float> outputs, const FeatureRow& row, std::span<const int> horizons,
                         bool purchases) {
  DRIFTCAST_CHECK(horizons.size() <= kHorizonSlots);
  DRIFTCAST_CHECK_EQ(outputs.size(), horizons.size() * kHeadOutputs);
  NetForecast forecast;
  forecast.purchases = purchases;
  const VolumeLevel level = volume_level(row);
  for (std::size_t slot = 0; slot < horizons.size(); ++slot) {
    if (horizons[slot] == 0) continue;
    const std::span<const float> of_slot = outputs.subspan(slot * kHeadOutputs, kHeadOutputs);
    if (slot == 0) std::ranges::copy(of_slot.subspan(kHeadShares), forecast.shares.begin());
    forecast.available = static_cast<std::uint8_t>(forecast.available | 1U << slot);
    forecast.volume[slot] = static_cast<float>(volume(level, of_slot[kHeadVolume], horizons[slot]));
    forecast.dispersion[slot] = static_cast<float>(dispersion(of_slot[kHeadDispersion]));
    if (!purchases) continue;
    forecast.purchase[slot] = static_cast<float>(head_probability(of_slot[kHeadPurchase]));
    forecast.churn[slot] = static_cast<float>(head_probability(of_slot[kHeadChurn]));
  }
  return forecast;
}

}  // namespace driftcast
