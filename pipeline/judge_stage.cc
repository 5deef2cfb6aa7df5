// Judge: forecasts. Owns the table `ledger`, and the record of the crowd that it keeps in `population`.

#include "operators/judge.h"
#include "operators/state_fields.h"
#include "pipeline/stages.h"
#include "pipeline/wire.h"
#include "state/codec.h"

namespace driftcast {
namespace {

constexpr std::string_view kCrowdKey = "judge";

// Whether the forecast after a closed step will be read by anybody.
bool is_read(const JudgeLane& lane, const StepClosed& closed) {
  const bool suppressed = closed.position < lane.published_below;
  return lane.setup.observer != nullptr || (lane.setup.settings.pipeline.emit.forecasts && !suppressed);
}

void publish(const JudgeLane& lane, const StepClosed& closed, const Forecast& forecast, std::string& text,
             Outbox& out) {
  const PipelineOptions& options = lane.setup.settings.pipeline;
  if (!options.emit.forecasts || closed.position < lane.published_below) return;
  text.clear();
  append_forecast(text, closed.user, forecast, lane.setup.models, options.explain);
  out.add(Topic::kForecasts, closed.position, closed.user, text);
}

Result<void> judge_all(JudgeLane& lane, Parcel& parcel) {
  JudgeContext context{lane.setup.settings.operators, lane.setup.models, lane.crowd};
  Observer* const observer = lane.setup.observer;
  std::vector<Matured> matured;
  std::string text;
  for (const StepClosed& closed : parcel.steps) {
    lane.ledgers.look_ahead([&](std::size_t n) { return user_ahead(parcel.steps, closed, n); });
    auto found = lane.ledgers.edit(key_of(closed));
    if (!found) return found.error();
    if (!is_read(lane, closed)) {
      if (judge_silently(*found->state, closed, context)) ++lane.forecasts;
      continue;
    }
    matured.clear();
    const auto forecast = judge(*found->state, closed, context, observer == nullptr ? nullptr : &matured);
    if (observer != nullptr) observer->judged(closed, matured, forecast);
    if (!forecast) continue;
    ++lane.forecasts;
    publish(lane, closed, *forecast, text, parcel.judge_outputs);
  }
  return {};
}

}  // namespace

void judge_stage(JudgeLane& lane, Parcel& parcel) noexcept {
  if (parcel.failure) return;
  if (auto judged = judge_all(lane, parcel); !judged) {
    parcel.failure = judged.error();
    return;
  }
  if (parcel.marker) {
    LaneEpoch& marker = *parcel.marker;
    marker.mark.counters[static_cast<std::size_t>(Counter::kForecasts)] = lane.forecasts;
    if (marker.ship) {
      lane.ledgers.encode_dirty(parcel.epoch, marker.entries);
      marker.entries.push_back({TableId::kPopulation, std::string(kCrowdKey), encode_value(lane.crowd)});
    }
  }
  lane.ledgers.trim();
}

}  // namespace driftcast
