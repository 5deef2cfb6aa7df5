#include "pipeline/explain/explain_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "config/units.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

constexpr std::size_t kNamed = 2;  // categories on a side of a drift
constexpr std::size_t kNamedInterests = 3;
constexpr std::size_t kToldDrifts = 4;     // the newest
constexpr float kWorthNaming = 0.05F;      // a share
constexpr float kWorthATrend = 0.05F;      // a change of a share
constexpr Step kBefore = 28, kAround = 5;  // steps that tell whether activity rose or fell

// "a", "a and b", "a, b and c"
std::string list(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += i == 0 ? "" : i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

std::string names_of(const std::vector<ShareChange>& changes, const Terminal& terminal) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(changes.size(), kNamed); ++i) {
    names.push_back(printable(changes[i].category, terminal.unicode));
  }
  return list(names);
}

std::string mix_of(const DriftSignal& signal, bool sure, const Terminal& terminal) {
  const std::string from = names_of(signal.falling, terminal);
  const std::string to = names_of(signal.rising, terminal);
  if (from.empty() && to.empty())
    return sure ? "The mix of interests changed" : "The mix of interests seemed to change";
  if (from.empty()) return fmt::format("Interest in {} {}", to, sure ? "rose" : "seemed to rise");
  if (to.empty()) return fmt::format("Interest in {} {}", from, sure ? "fell" : "seemed to fall");
  return fmt::format("Interest {} from {} to {}", sure ? "moved" : "seemed to move", from, to);
}

// The signal says how much, the history in which direction.
std::string volume_of(const DriftSignal& signal, bool sure, const Activity& activity) {
  const Step step = activity.grid.step_of(signal.at - Duration{1}) + 1;
  const double before = activity.sum(step - kAround - kBefore, step - kAround) / static_cast<double>(kBefore);
  const double around = activity.sum(step - kAround, step) / static_cast<double>(kAround);
  const bool rises = around >= before;
  const double factor = std::exp(static_cast<double>(signal.severity));
  const std::string times = factor > 10 ? "more than tenfold" : fmt::format("about {:.1f}-fold", factor);
  const std::string part = factor > 10 ? "to less than a tenth" : fmt::format("to about {:.0f} %", 100 / factor);
  return fmt::format("Activity {} {}", sure ? (rises ? "rose" : "fell") : (rises ? "seemed to rise" : "seemed to fall"),
                     rises ? times : part);
}

std::string basis_in_words(const Forecast& forecast, Duration step) {
  const std::string first = span_of(forecast.horizons.empty() ? 1 : forecast.horizons.front().steps, step);
  switch (forecast.basis) {
    case Basis::kCold: return fmt::format("no forecast over {} has met its outcome yet (basis cold)", first);
    case Basis::kWarm: return fmt::format("fewer than 30 forecasts over {} have met their outcome (basis warm)", first);
    default: return fmt::format("at least 30 forecasts over {} have met their outcome (basis full)", first);
  }
}

// "7 days"; a single one is "day".
std::string run_of(std::int64_t steps, Duration step) { return steps == 1 ? unit_of(step) : span_of(steps, step); }

std::string who(const Trajectory& trajectory, const Activity& activity, const Terminal& terminal) {
  const std::string user = printable(trajectory.user, terminal.unicode);
  const Duration step = activity.grid.width;
  if (trajectory.forecasts.empty()) {
    return fmt::format("{} has {} events in the closed sessions. No forecast has been published yet.", user,
                       amount_of(activity.sum(activity.first, activity.end())));
  }
  const Forecast& last = trajectory.forecasts.back();
  std::string text = fmt::format("{} was first seen on {} and had produced {} events by {}, {} later; {}.", user,
                                 date_of(last.first_seen, step), grouped(last.events), date_of(last.as_of, step),
                                 span_of(last.steps, step), basis_in_words(last, step));
  if (last.dormant) text += " Nothing has come for so long that the next forecast waits for the next event.";
  if (last.returned) text += " The user has just come back after a long silence.";
  if (last.capped) text += " Rare categories have been folded into one.";
  return text;
}

std::string outlook(const Trajectory& trajectory, const Activity& activity, const Terminal& terminal) {
  const Forecast& last = trajectory.forecasts.back();
  const Duration step = activity.grid.width;
  const HorizonForecast& first = last.horizons.front();
  const std::string events = amount_of(first.mean);
  std::string text =
      fmt::format("Over the next {} {} is expected to produce {} event{} (between {} and {}, {})",
                  run_of(first.steps, step), printable(trajectory.user, terminal.unicode), events,
                  events == "1" ? "" : "s", amount_of(first.lo), amount_of(first.hi), percent_of(last.level));
  for (std::size_t slot = 1; slot < last.horizons.size(); ++slot) {
    const HorizonForecast& horizon = last.horizons[slot];
    text += fmt::format(", over {} {} ({} to {})", span_of(horizon.steps, step), amount_of(horizon.mean),
                        amount_of(horizon.lo), amount_of(horizon.hi));
  }
  return text + fmt::format(". The {} before had {}.", run_of(first.steps, step),
                            amount_of(activity.sum(activity.end() - first.steps, activity.end())));
}

// Empty where no network tells them.
std::string probabilities(const Forecast& last, Duration step) {
  std::vector<std::string> purchase, churn;
  for (const HorizonForecast& horizon : last.horizons) {
    const std::string within = " within " + span_of(horizon.steps, step);
    if (horizon.purchase) purchase.push_back(percent_of(*horizon.purchase) + within);
    if (horizon.churn) churn.push_back(percent_of(*horizon.churn) + within);
  }
  std::string text;
  if (!purchase.empty()) text += " A purchase has a probability of " + list(purchase) + ".";
  if (!churn.empty()) text += " That nothing comes at all has one of " + list(churn) + ".";
  return text;
}

std::string interests(const Forecast& last, const Terminal& terminal) {
  std::vector<std::string> about, gaining, losing;
  for (const InterestForecast& interest : last.interests) {
    const std::string name = printable(interest.category, terminal.unicode);
    if (about.size() < kNamedInterests && interest.share >= kWorthNaming) {
      about.push_back(fmt::format("{} ({})", name, percent_of(interest.share)));
    }
    if (interest.trend >= kWorthATrend) gaining.push_back(name);
    if (interest.trend <= -kWorthATrend) losing.push_back(name);
  }
  std::string text = about.empty() ? "No category stands out." : "Most of it about " + list(about) + ".";
  if (!gaining.empty()) text += " Gaining: " + list(gaining) + ".";
  if (!losing.empty()) text += " Losing: " + list(losing) + ".";
  return text;
}

}  // namespace

std::string unit_of(Duration step) {
  using std::chrono::days, std::chrono::hours, std::chrono::minutes, std::chrono::weeks;
  if (step == Duration{days{1}}) return "day";
  if (step == Duration{weeks{1}}) return "week";
  if (step == Duration{hours{1}}) return "hour";
  if (step == Duration{minutes{1}}) return "minute";
  return "step of " + format_duration(step.count());
}

std::string span_of(std::int64_t steps, Duration step) {
  std::string unit = unit_of(step);
  if (steps != 1) unit.insert(std::min(unit.find(' '), unit.size()), "s");
  return fmt::format("{} {}", steps, unit);
}

std::string date_of(EventTime at, Duration step) {
  const std::string text = rfc3339(at);
  if (step.count() % Duration{std::chrono::days{1}}.count() == 0) return text.substr(0, 10);
  return text.substr(0, 10) + " " + text.substr(11, 5);
}

std::string amount_of(double events) {
  if (events > 0 && events < 0.05) return "almost 0";
  const double tenths = std::round(events * 10) / 10;
  return tenths < 9.95 && tenths != std::round(tenths) ? fmt::format("{:.1f}", tenths) : grouped(std::llround(events));
}

std::string percent_of(double share) {
  return share > 0 && share < 0.005 ? "below 1 %" : fmt::format("{:.0f} %", 100 * share);
}

std::string sentence_of(const Drift& drift, const Activity& activity, const Terminal& terminal) {
  const DriftSignal& signal = drift.signal;
  const Duration step = activity.grid.width;
  const std::string what = signal.kind == DriftKind::kMix ? mix_of(signal, drift.confirmed(), terminal)
                                                          : volume_of(signal, drift.confirmed(), activity);
  const std::string day = date_of(signal.at, step);
  if (!drift.confirmed()) return fmt::format("{} on {} (an alarm, not confirmed).", what, day);
  const std::string first = drift.alarm ? date_of(*drift.alarm, step) : day;
  return fmt::format("{} on {} ({}confirmed).", what, day, first == day ? "" : "first alarm on " + first + ", ");
}

std::vector<std::string> paragraphs_of(const Trajectory& trajectory, const Activity& activity,
                                       const Terminal& terminal) {
  std::vector<std::string> paragraphs = {who(trajectory, activity, terminal)};
  if (!trajectory.forecasts.empty() && !trajectory.forecasts.back().horizons.empty()) {
    const Forecast& last = trajectory.forecasts.back();
    paragraphs.push_back(outlook(trajectory, activity, terminal) + probabilities(last, activity.grid.width) + " " +
                         interests(last, terminal));
  }
  const std::vector<Drift> drifts = drifts_of(trajectory);
  const std::size_t told = std::min(drifts.size(), kToldDrifts);
  for (std::size_t i = drifts.size() - told; i < drifts.size(); ++i) {
    paragraphs.push_back(sentence_of(drifts[i], activity, terminal));
  }
  if (drifts.empty()) paragraphs.emplace_back("No drift has been signalled.");
  if (told < drifts.size()) paragraphs.push_back(fmt::format("There were {} drifts before.", drifts.size() - told));
  return paragraphs;
}

}  // namespace driftcast
