#include "pipeline/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "pipeline/terminal.h"
#include "pipeline/version.h"

namespace driftcast {
namespace {

// The stages' CPU times, then what is left of the process's, as a list.
template <class Word>
std::string by_stage(const Summary& summary, std::string_view separator, Word word) {
  std::string list;
  double rest = summary.cpu_s;
  for (std::size_t stage = 0; stage < kStages.size(); ++stage) {
    list += fmt::format("{}{}", word(kStages[stage].name, summary.stage_cpu_s[stage]), separator);
    rest -= summary.stage_cpu_s[stage];
  }
  return list + word("other", std::max(0.0, rest));
}

}  // namespace

std::string summary_json(const Summary& summary) {
  return fmt::format(
      R"({{"driftcast":"{}","records":{},"processed":{},"late":{},"duplicate":{},"dead_letter":{},"users":{},"sessions":{},)"
      R"("steps":{},"forecasts":{},"drift_signals":{},"advances":{},"wall_s":{:.3f},"cpu_s":{:.3f},"stage_cpu_s":{{{}}}}})",
      kVersion, summary.of(Counter::kRecords), summary.of(Counter::kProcessed), summary.of(Counter::kLate),
      summary.of(Counter::kDuplicate), summary.of(Counter::kDeadLetter), summary.of(Counter::kUsers),
      summary.of(Counter::kSessions), summary.of(Counter::kSteps), summary.of(Counter::kForecasts),
      summary.of(Counter::kDriftSignals), summary.of(Counter::kAdvances), summary.wall_s, summary.cpu_s,
      by_stage(summary, ",",
               [](std::string_view name, double seconds) { return fmt::format("\"{}\":{:.3f}", name, seconds); }));
}

std::string summary_text(const Summary& summary) {
  const auto of = [&](Counter counter) { return grouped(summary.of(counter)); };
  const auto records = static_cast<double>(summary.here(Counter::kRecords));
  // A run that found nothing to do has its cost, too, but none per event.
  const std::string cost = records > 0 ? fmt::format("{:.2f}", summary.cpu_s * 1e6 / records) : "-";
  const std::string first =
      summary.first_forecast_s < 0 ? "" : fmt::format("   first forecast after {:.1f} s", summary.first_forecast_s);
  return fmt::format(
      "events         {:>13}   processed {}, late {}, duplicate {}, dead letters {}\n"
      "users          {:>13}   sessions {}, steps {}\n"
      "forecasts      {:>13}{}\n"
      "drift signals  {:>13}\n"
      "events/s       {:>13}   CPU {} us/event, wall {:.1f} s, peak memory {:.0f} MiB\n"
      "CPU spent in                   {}\n",
      of(Counter::kRecords), of(Counter::kProcessed), of(Counter::kLate), of(Counter::kDuplicate),
      of(Counter::kDeadLetter), of(Counter::kUsers), of(Counter::kSessions), of(Counter::kSteps),
      of(Counter::kForecasts), first, of(Counter::kDriftSignals),
      grouped(std::llround(records / std::max(summary.wall_s, 1e-3))), cost, summary.wall_s,
      static_cast<double>(summary.peak_rss_kib) / 1024,
      by_stage(summary, ", ", [&](std::string_view name, double seconds) {
        return fmt::format("{} {:.0f} %", name, 100 * seconds / std::max(summary.cpu_s, 1e-9));
      }));
}

}  // namespace driftcast
