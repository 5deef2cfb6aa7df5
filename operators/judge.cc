#include "operators/judge.h"

#include <algorithm>
#include <cmath>

#include "models/early_evidence.h"
#include "models/half.h"
#include "operators/refine_shares.h"

namespace driftcast {
namespace {

constexpr std::uint32_t kFullBasis = 30;  // matured labels of the first horizon

double variance_of(const PendingForecast& forecast, const HorizonLedger& own, const CrowdHorizon& crowd,
                   const ModelSet::Segment& prior) {
  const double dispersion = prior_dispersion(forecast.dispersion, prior);
  return std::max(0.25, spread_variance(forecast.mean, own.spread, crowd.spread, dispersion));
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
    joint_learn(own.joint, crowd.joint, prior.weights[age_of_cell(forecast.cell)], forecast.volume, forecast.joint, y,
                variance, closed.rate);
    spread_learn(own.spread, crowd.spread, prior_dispersion(forecast.dispersion, prior), forecast.mean,
                 forecast.variance, y, context.options.level);
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

// What is forecast of one horizon, before it is worded.
struct Outlook {
  VolumeForecasts volume;
  float dispersion = 0;  // as PendingForecast's
  JointForecast joint;
  double variance = 0, bounds_variance = 0;
};

// Lets a forecast wait for its outcome, unless the one before it is too near.
void wait(std::size_t slot, Ledger& ledger, const StepClosed& closed, std::size_t cell, const Outlook& outlook,
          const JudgeContext& context) {
  std::vector<PendingForecast>& waiting = ledger.horizons[slot].pending;
  if (!waiting.empty() && closed.step - waiting.back().step < spacing(context.options.horizons[slot])) return;
  PendingForecast& pending = waiting.emplace_back();
  pending.step = closed.step;
  pending.total_before = ledger.total;
  pending.cell = static_cast<std::uint8_t>(cell);
  pending.volume = outlook.volume;
  for (float& mean : pending.volume.mean) mean = rounded16(mean);
  pending.joint = rounded16(outlook.joint.joint);
  pending.mean = rounded16(outlook.joint.mean);
  pending.variance = rounded16(outlook.bounds_variance);
  pending.dispersion = rounded16(outlook.dispersion);
}

// Of a horizon's forecasts that wait.
double evidence_of(const HorizonLedger& own, const StepClosed& closed, std::int64_t total, int horizon) {
  double evidence = 0;
  for (const PendingForecast& forecast : own.pending) {
    const double part = static_cast<double>(closed.step - forecast.step) / horizon;
    evidence += early_evidence(forecast.volume, part, static_cast<double>(total - forecast.total_before));
  }
  return evidence;
}

// Makes the forecast of a horizon, and lets it wait for its outcome.
Outlook look_out(std::size_t slot, Ledger& ledger, const StepClosed& closed, const JudgeContext& context) {
  const HorizonLedger& own = ledger.horizons[slot];
  const ModelSet::Segment& prior = context.models.segments[closed.segment];
  const std::size_t cell = crowd_cell(closed.segment, closed.active_steps);
  const CrowdHorizon& crowd = context.crowd.cells[cell][slot];
  Outlook outlook;
  outlook.volume = closed.volume[slot];
  if (closed.net && closed.net->has(slot)) {
    outlook.volume.set(Expert::kNetwork, closed.net->volume[slot]);
    outlook.dispersion = closed.net->dispersion[slot];
  }
  outlook.joint = joint_forecast(outlook.volume, own.joint, crowd.joint, prior.weights[age_of_cell(cell)]);
  if (outlook.volume.has(Expert::kNetwork)) {
    const double evidence = evidence_of(own, closed, ledger.total, context.options.horizons[slot]);
    follow_evidence(outlook.joint, outlook.volume, evidence);
  }
  const double mean = outlook.joint.mean;
  const double dispersion = prior_dispersion(outlook.dispersion, prior);
  outlook.variance = spread_variance(mean, own.spread, crowd.spread, dispersion);
  outlook.bounds_variance = bounds_variance(mean, own.spread, crowd.spread, dispersion, context.options.level);
  wait(slot, ledger, closed, cell, outlook, context);
  return outlook;
}

HorizonForecast forecast_horizon(std::size_t slot, Ledger& ledger, const StepClosed& closed,
                                 const JudgeContext& context) {
  const Outlook outlook = look_out(slot, ledger, closed, context);
  HorizonForecast forecast;
  forecast.steps = context.options.horizons[slot];
  forecast.mean = outlook.joint.mean;
  forecast.variance = outlook.variance;
  const Bounds bounds = bounds_of(forecast.mean, outlook.bounds_variance, context.options.level);
  forecast.lo = bounds.lo;
  forecast.hi = bounds.hi;
  forecast.parts = outlook.volume.mean;
  forecast.weights = outlook.joint.weights;
  forecast.available = outlook.volume.available;
  return forecast;
}

// Purchase and churn of every horizon that the network knows, brought into the order that horizons have.
void add_probabilities(const NetForecast& net, std::vector<HorizonForecast>& horizons) {
  if (!net.purchases) return;
  double purchase = 0;
  double churn = 1;
  for (std::size_t slot = 0; slot < horizons.size(); ++slot) {
    if (!net.has(slot)) continue;
    purchase = std::max<double>(purchase, net.purchase[slot]);
    churn = std::min<double>(churn, net.churn[slot]);
    horizons[slot].purchase = purchase;
    horizons[slot].churn = churn;
  }
}

void raise_mean(HorizonForecast& horizon, double mean) {
  if (mean <= horizon.mean) return;
  if (horizon.mean > 0) {
    for (float& weight : horizon.weights) weight = static_cast<float>(weight * mean / horizon.mean);
  }
  horizon.mean = mean;
}

// A horizon contains the shorter ones, of which each has a law of its own: neither its sum nor its bounds are below
// theirs.
void bring_into_order(std::vector<HorizonForecast>& horizons) {
  for (std::size_t slot = 1; slot < horizons.size(); ++slot) {
    const HorizonForecast& shorter = horizons[slot - 1];
    HorizonForecast& horizon = horizons[slot];
    raise_mean(horizon, shorter.mean);
    horizon.lo = std::max(horizon.lo, shorter.lo);
    horizon.hi = std::max(horizon.hi, shorter.hi);
  }
}

// A category's part of the first horizon: mean and variance thinned by its share.
InterestForecast forecast_interest(const InterestShare& interest, const HorizonForecast& volume, double level) {
  const double mean = interest.share * volume.mean;
  const double excess = std::max(0.0, volume.variance - volume.mean);
  const double variance = mean + interest.share * static_cast<double>(interest.share) * excess;
  const Bounds bounds = bounds_of(mean, variance, level);
  return {interest.category, interest.share, interest.trend, mean, bounds.lo, bounds.hi};
}

void add_interests(const std::vector<InterestShare>& interests, float other, Forecast& forecast) {
  for (const InterestShare& interest : interests) {
    forecast.interests.push_back(forecast_interest(interest, forecast.horizons.front(), forecast.level));
  }
  forecast.other = other;
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
  bring_into_order(forecast.horizons);
  if (closed.net) add_probabilities(*closed.net, forecast.horizons);
  if (closed.net && closed.net->has(0)) {
    const RankedShares refined = refine_shares({closed.interests, closed.other}, closed.net->shares);
    add_interests(refined.interests, refined.other, forecast);
  } else {
    add_interests(closed.interests, closed.other, forecast);
  }
  forecast.drift = closed.drift;
  forecast.capped = closed.capped;
  forecast.dormant = closed.dormant;
  forecast.returned = closed.returned;
  return forecast;
}

// What the closed step teaches.
void learn(Ledger& ledger, const StepClosed& closed, JudgeContext& context, std::vector<Matured>* matured) {
  ledger.total += closed.count;
  for (std::size_t slot = 0; slot < context.options.horizons.size(); ++slot) {
    mature(slot, ledger, closed, context, matured);
  }
  if (closed.reset) forget(ledger);
}

}  // namespace

std::optional<Forecast> judge(Ledger& ledger, const StepClosed& closed, JudgeContext& context,
                              std::vector<Matured>* matured) {
  learn(ledger, closed, context, matured);
  if (!closed.publish) return std::nullopt;
  return make_forecast(ledger, closed, context);
}

bool judge_silently(Ledger& ledger, const StepClosed& closed, JudgeContext& context) {
  learn(ledger, closed, context, nullptr);
  if (!closed.publish) return false;
  for (std::size_t slot = 0; slot < context.options.horizons.size(); ++slot) look_out(slot, ledger, closed, context);
  return true;
}

}  // namespace driftcast
