// A story to explain: Ada, who bought books every day of February 2024, until on the 15th she turned to her garden.
#pragma once

#include <string>
#include <utility>

#include "pipeline/explain/trajectory.h"
#include "pipeline/wire.h"

namespace driftcast {

inline EventTime february(int day, int hour = 0) {
  return event_time(1'706'745'600'000) + std::chrono::days{day - 1} + std::chrono::hours{hour};
}

// What is published after a day; the horizons are 7 and 14 days.
inline Forecast forecast_after(int day, std::int64_t events, float books, float garden) {
  Forecast forecast;
  forecast.as_of = february(day + 1);
  forecast.valid_until = february(day + 2);
  forecast.events = events;
  forecast.steps = day;
  forecast.first_seen = february(1, 9);
  forecast.basis = day < 8 ? Basis::kCold : Basis::kWarm;
  HorizonForecast week{7, 21, 10, 35, 0, {}, {}, 0};
  week.parts = {14, 28};
  week.weights = {0.5F, 0.5F};
  week.available = 3;
  HorizonForecast fortnight{14, 45.5, 28, 63, 0, {28, 63}, {0.5F, 0.5F}, 3};
  forecast.horizons = {week, fortnight};
  forecast.interests = {{"books", books, garden > books ? -0.4F : 0, 21.0 * books, 3, 14},
                        {"garden", garden, garden > books ? 0.4F : 0, 21.0 * garden, 1, 19}};
  if (garden > books) std::swap(forecast.interests[0], forecast.interests[1]);
  forecast.other = 1 - books - garden;
  return forecast;
}

inline DriftSignal turn_to_the_garden(DriftStage stage, int day, std::int64_t events) {
  DriftSignal signal;
  signal.at = february(day, 12);
  signal.kind = DriftKind::kMix;
  signal.stage = stage;
  signal.evidence = 11.5F;
  signal.severity = 0.25F;
  signal.rising = {{"garden", 0.05F, 0.75F}};
  signal.falling = {{"books", 0.9F, 0.2F}};
  signal.events = events;
  return signal;
}

// 28 days: two events on the first, three on the next and so on up to five, then two again.
inline Trajectory ada() {
  Trajectory trajectory;
  trajectory.user = "ada";
  std::int64_t events = 0;
  for (int day = 1; day <= 28; ++day) {
    Session session;
    session.start = february(day, 9);
    session.end = february(day, 10);
    session.events = 2 + (day - 1) % 4;
    session.kinds[0] = session.events;
    session.categories = {{day < 15 ? "books" : "garden", session.events}};
    trajectory.sessions.push_back(session);
    events += session.events;
    const float moved = day < 15 ? 0 : static_cast<float>(day - 14) / 14;
    trajectory.forecasts.push_back(forecast_after(day, events, 0.9F - 0.7F * moved, 0.05F + 0.7F * moved));
  }
  trajectory.signals = {turn_to_the_garden(DriftStage::kAlarm, 18, 61),
                        turn_to_the_garden(DriftStage::kConfirmed, 20, 68)};
  return trajectory;
}

// The lines of the three as they are published.
inline std::string forecast_lines(const Trajectory& trajectory) {
  std::string lines;
  for (const Forecast& forecast : trajectory.forecasts) {
    append_forecast(lines, trajectory.user, forecast, default_models(), true);
    lines += '\n';
  }
  return lines;
}
inline std::string drift_lines(const Trajectory& trajectory) {
  std::string lines;
  for (const DriftSignal& signal : trajectory.signals) {
    append_drift(lines, trajectory.user, signal);
    lines += '\n';
  }
  return lines;
}
inline std::string session_lines(const Trajectory& trajectory) {
  std::string lines;
  for (const Session& session : trajectory.sessions) {
    append_session(lines, trajectory.user, session);
    lines += '\n';
  }
  return lines;
}

// What a network says besides: a purchase ever more likely from the 20th on.
inline Trajectory ada_with_network() {
  Trajectory trajectory = ada();
  for (std::size_t i = 19; i < trajectory.forecasts.size(); ++i) {
    std::vector<HorizonForecast>& horizons = trajectory.forecasts[i].horizons;
    horizons[0].purchase = 0.1 * static_cast<double>(i - 19);
    horizons[1].purchase = 0.75 + 0.25 * *horizons[0].purchase;
    horizons[0].churn = 0.125;
    horizons[1].churn = 0.0625;
  }
  return trajectory;
}

}  // namespace driftcast
