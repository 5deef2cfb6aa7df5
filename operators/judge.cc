#include "operators/judge.h"

#include <algorithm>
#include <cmath>

#include "models/half.h"

namespace driftcast {
namespace {

constexpr std::uint32_t kFullBasis = 30;  // matured labels of the first horizon

// Steps between two forecasts of a horizon that both wait.
Step spacing(int horizon) { return (horizon + kPendingPerHorizon - 1) / kPendingPerHorizon; }

double variance_of(const PendingForecast& forecast, const HorizonLedger& own, const CrowdHorizon& crowd,
                   const ModelSet::Segment& prior) {
  return std::max(0.25, spread_variance(forecast.mean, own.spread, crowd.spread, prior.dispersion));
}

// Learns from the forecasts of a horizon whose last step is `closed.step` or lies in the empty gap before it.
void mature(std::size_t slot, Ledger& ledger, const StepClosed& closed, JudgeContext& context,
            std::vector<Matured>* matured) {
  HorizonLedger& own = ledger.horizons[slot];
  const int horizon = context.options.horizons[slot];
  std::size_t done = 0;
  for (; done < own.pending.size(); ++done) {
    const PendingForecast& forecast = own.pending[done];
    const Step last = forecast.step + horizon;
    if (last > closed.step) break;
    const std::int64_t total = ledger.total - (last < closed.step ? closed.count : 0);
    const auto y = static_cast<double>(total - forecast.total_before);
    const ModelSet::Segment& prior = context.models.segments[segment_of_cell(forecast.cell)];
    CrowdHorizon& crowd = context.crowd.cells[forecast.cell][slot];
    const double variance = variance_of(forecast, own, crowd, prior);
    joint_learn(own.joint, crowd.joint, prior.weights[age_of_cell(forecast.cell)], forecast.volume, forecast.joint, y, variance, closed.rate);
    spread_learn(own.spread, crowd.spread, forecast.mean, forecast.variance, y, context.options.level);
    if (matured != nullptr) matured->push_back({slot, forecast, y});
  }
  own.pending.erase(own.pending.begin(), own.pending.begin() + static_cast<std::ptrdiff_t>(done));
}

void forget(Ledger& ledger) {
  for (HorizonLedger& horizon : ledger.horizons) {
    joint_forget(horizon.joint);
    spread_forget(horizon.spread);
  }
}

HorizonForecast forecast_horizon(std::size_t slot, Ledger& ledger, const StepClosed& closed, const JudgeContext& context) {
  HorizonLedger& own = ledger.horizons[slot];
  const ModelSet::Segment& prior = context.models.segments[closed.segment];
  const std::size_t cell = crowd_cell(closed.segment, closed.active_steps);
  const CrowdHorizon& crowd = context.crowd.cells[cell][slot];
  VolumeForecasts volume = closed.volume[slot];
  if (closed.net) volume.set(Expert::kNetwork, closed.net->volume[slot]);
  const JointForecast joint = joint_forecast(volume, own.joint, crowd.joint, prior.weights[age_of_cell(cell)]);
  const double spread = spread_variance(joint.mean, own.spread, crowd.spread, prior.dispersion);
  const double variance = bounds_variance(joint.mean, own.spread, crowd.spread, prior.dispersion);

  HorizonForecast forecast;
  forecast.steps = context.options.horizons[slot];
  forecast.mean = joint.mean;
  forecast.variance = spread;
  const Bounds bounds = bounds_of(joint.mean, variance, context.options.level);
  forecast.lo = bounds.lo;
  forecast.hi = bounds.hi;
  forecast.parts = volume.mean;
  forecast.weights = joint.weights;
  forecast.available = volume.available;

  const bool waits = own.pending.empty() || closed.step - own.pending.back().step >= spacing(forecast.steps);
  if (!waits) return forecast;
  PendingForecast pending{closed.step, ledger.total, static_cast<std::uint8_t>(cell), volume, rounded16(joint.joint), rounded16(joint.mean),
                          rounded16(variance)};
  for (float& mean : pending.volume.mean) mean = rounded16(mean);
  own.pending.push_back(pending);
  return forecast;
}

// A category's part of the first horizon: mean and variance thinned by its share.
InterestForecast forecast_interest(const InterestShare& interest, const HorizonForecast& volume, double level) {
  const double mean = interest.share * volume.mean;
  const double excess = std::max(0.0, volume.variance - volume.mean);
  const double variance = mean + interest.share * static_cast<double>(interest.share) * excess;
  const Bounds bounds = bounds_of(mean, variance, level);
  return {interest.category, interest.share, interest.trend, mean, bounds.lo, bounds.hi};
}

Basis basis_of(const Ledger& ledger) {
  const std::uint32_t labels = ledger.horizons[0].spread.labels;
  return labels == 0 ? Basis::kCold : labels < kFullBasis ? Basis::kWarm : Basis::kFull;
}

Forecast make_forecast(Ledger& ledger, const StepClosed& closed, const JudgeContext& context) {
  Forecast forecast;
  forecast.step = closed.step;
  forecast.as_of = closed.as_of;
  forecast.valid_until = closed.valid_until;
  forecast.events = closed.events;
  forecast.steps = closed.steps;
  forecast.first_seen = closed.first_seen;
  forecast.basis = basis_of(ledger);
  forecast.level = context.options.level;
  for (std::size_t slot = 0; slot < context.options.horizons.size(); ++slot) {
    forecast.horizons.push_back(forecast_horizon(slot, ledger, closed, context));
  }
  for (const InterestShare& interest : closed.interests) {
    forecast.interests.push_back(forecast_interest(interest, forecast.horizons.front(), forecast.level));
  }
  forecast.other = closed.other;
  forecast.drift = closed.drift;
  forecast.capped = closed.capped;
  forecast.dormant = closed.dormant;
  forecast.returned = closed.returned;
  return forecast;
}

}  // namespace

std::optional<Forecast> judge(Ledger& ledger, const StepClosed& closed, JudgeContext& context,
                              std::vector<Matured>* matured) {
  ledger.total += closed.count;
  for (std::size_t slot = 0; slot < context.options.horizons.size(); ++slot) {
    mature(slot, ledger, closed, context, matured);
  }
  if (closed.reset) forget(ledger);
  if (!closed.publish) return std::nullopt;
  return make_forecast(ledger, closed, context);
}

}  // namespace driftcast
