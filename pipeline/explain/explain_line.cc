#include "pipeline/explain/explain_line.h"

#include <fmt/format.h>

#include "pipeline/explain/explain_words.h"
#include "pipeline/json_text.h"
#include "pipeline/terminal.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

// Appends to a list whose first item comes after `before`.
void append_item(std::string& line, bool first, std::string_view before, std::string_view item) {
  line.append(first ? before : ", ").append(item);
}

std::string line_of(const Forecast& forecast, bool unicode) {
  std::string line = "forecast as of " + rfc3339(forecast.as_of);
  for (const HorizonForecast& horizon : forecast.horizons) {
    append_item(line, &horizon == forecast.horizons.data(), ": ",
                fmt::format("{} step{} {} ({} to {})", horizon.steps, horizon.steps == 1 ? "" : "s",
                            amount_of(horizon.mean), amount_of(horizon.lo), amount_of(horizon.hi)));
    if (horizon.purchase) line += " purchase " + percent_of(*horizon.purchase);
    if (horizon.churn) line += " churn " + percent_of(*horizon.churn);
  }
  for (const InterestForecast& interest : forecast.interests) {
    append_item(line, &interest == forecast.interests.data(), "; ",
                printable(interest.category, unicode) + " " + percent_of(interest.share));
  }
  const DriftStatus& drift = forecast.drift;
  if (drift.stage == DriftStage::kNone) return line;
  return line + fmt::format("; {} drift {} since {}", name(drift.kind), name(drift.stage), rfc3339(drift.since));
}

void append_changes(std::string& line, std::string_view direction, const std::vector<ShareChange>& changes,
                    bool unicode) {
  for (const ShareChange& change : changes) {
    append_item(line, &change == changes.data(), fmt::format("; {} ", direction),
                fmt::format("{} {} -> {}", printable(change.category, unicode), percent_of(change.from),
                            percent_of(change.to)));
  }
}

std::string line_of(const DriftSignal& signal, bool unicode) {
  std::string line = fmt::format("drift at {}: {} {}, severity {:.2f}", rfc3339(signal.at), name(signal.kind),
                                 name(signal.stage), signal.severity);
  append_changes(line, "rising", signal.rising, unicode);
  append_changes(line, "falling", signal.falling, unicode);
  return line;
}

std::string line_of(const Session& session, bool) {
  std::string line = fmt::format("session {} to {}: {} event{}, amount ", rfc3339(session.start), rfc3339(session.end),
                                 session.events, session.events == 1 ? "" : "s");
  append_json_double(line, session.amount);
  return line;
}

}  // namespace

std::string line_of(const Published& published, bool unicode) {
  return printable(published.user, unicode) + " " +
         std::visit([=](const auto& what) { return line_of(what, unicode); }, published.what);
}

}  // namespace driftcast
