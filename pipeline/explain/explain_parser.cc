#include "pipeline/explain/explain_parser.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

// Below, whatever is missing or of another type throws simdjson's error, which parse_published() catches.
using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::array kBases = {Basis::kCold, Basis::kWarm, Basis::kFull};
constexpr std::array kStages = {DriftStage::kNone, DriftStage::kAlarm, DriftStage::kConfirmed};
constexpr std::array kDriftKinds = {DriftKind::kMix, DriftKind::kVolume};

[[noreturn]] void refuse() { throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE); }

bool has(const element& parent, std::string_view key) { return parent[key].error() == simdjson::SUCCESS; }
double number(const element& parent, std::string_view key) { return parent[key].get_double(); }
float real(const element& parent, std::string_view key) { return static_cast<float>(number(parent, key)); }
std::int64_t count(const element& parent, std::string_view key) { return parent[key].get_int64(); }
std::string_view text(const element& parent, std::string_view key) { return parent[key].get_string(); }

std::optional<double> probability(const element& parent, std::string_view key) {
  if (!has(parent, key)) return std::nullopt;
  const double value = number(parent, key);
  if (!(value >= 0 && value <= 1)) refuse();
  return value;
}

EventTime time(const element& parent, std::string_view key) {
  const auto at = parse_rfc3339(text(parent, key));
  if (!at) refuse();
  return *at;
}

// The one of the values that has the name.
template <class Values>
auto one_of(const Values& values, std::string_view wanted) {
  const auto found = std::find_if(values.begin(), values.end(), [=](auto value) { return wanted == name(value); });
  if (found == values.end()) refuse();
  return *found;
}

HorizonForecast read_horizon(const element& line) {
  const element volume = line["volume"];
  HorizonForecast horizon;
  horizon.steps = static_cast<int>(count(line, "steps"));
  horizon.mean = number(volume, "mean");
  horizon.lo = number(volume, "lo");
  horizon.hi = number(volume, "hi");
  horizon.purchase = probability(line, "purchase");
  horizon.churn = probability(line, "churn");
  if (horizon.steps < 1) refuse();
  return horizon;
}

void read_parts(const element& line, HorizonForecast& horizon) {
  const element weights = line["weights"];
  for (std::size_t e = 0; e < kExperts; ++e) {
    if (!has(line, kExpertNames[e])) continue;
    horizon.parts[e] = real(line, kExpertNames[e]);
    horizon.weights[e] = real(weights, kExpertNames[e]);
    horizon.available = static_cast<std::uint8_t>(horizon.available | 1U << e);
  }
}

InterestForecast read_interest(const element& line) {
  return {std::string(text(line, "category")),
          real(line, "share"),
          real(line, "trend"),
          number(line, "expected"),
          number(line, "lo"),
          number(line, "hi")};
}

DriftStatus read_status(const element& line) {
  DriftStatus status;
  status.stage = one_of(kStages, text(line, "stage"));
  if (status.stage == DriftStage::kNone) return status;
  status.kind = one_of(kDriftKinds, text(line, "kind"));
  status.since = time(line, "since");
  return status;
}

void read_flags(const element& line, Forecast& forecast) {
  for (const element flag : array(line["flags"])) {
    const std::string_view name_of_flag = flag.get_string();
    forecast.capped |= name_of_flag == "capped";
    forecast.dormant |= name_of_flag == "dormant";
    forecast.returned |= name_of_flag == "returned";
  }
}

Forecast read_forecast(const element& line) {
  const element history = line["history"];
  Forecast forecast;
  forecast.as_of = time(line, "as_of");
  forecast.valid_until = time(line, "valid_until");
  forecast.events = count(history, "events");
  forecast.steps = count(history, "steps");
  forecast.first_seen = time(history, "first_seen");
  forecast.basis = one_of(kBases, text(line, "basis"));
  for (const element horizon : array(line["horizons"])) {
    forecast.horizons.push_back(read_horizon(horizon));
    forecast.level = number(horizon["volume"], "level");
  }
  for (const element interest : array(line["interests"])) forecast.interests.push_back(read_interest(interest));
  forecast.other = real(line, "other");
  forecast.drift = read_status(line["drift"]);
  read_flags(line, forecast);
  if (!has(line, "parts")) return forecast;
  std::size_t slot = 0;
  for (const element part : array(line["parts"])) {
    if (slot == forecast.horizons.size()) refuse();
    read_parts(part, forecast.horizons[slot++]);
  }
  return forecast;
}

std::vector<ShareChange> read_changes(const element& changes) {
  std::vector<ShareChange> result;
  for (const element change : array(changes)) {
    result.push_back({std::string(text(change, "category")), real(change, "from"), real(change, "to")});
  }
  return result;
}

DriftSignal read_signal(const element& line) {
  DriftSignal signal;
  signal.at = time(line, "at");
  signal.kind = one_of(kDriftKinds, text(line, "kind"));
  signal.stage = one_of(kStages, text(line, "stage"));
  signal.evidence = real(line, "evidence");
  signal.severity = real(line, "severity");
  signal.rising = read_changes(line["rising"]);
  signal.falling = read_changes(line["falling"]);
  signal.events = count(line, "events");
  return signal;
}

Session read_session(const element& line) {
  const element kinds = line["kinds"];
  Session session;
  session.start = time(line, "start");
  session.end = time(line, "end");
  session.events = count(line, "events");
  for (std::size_t k = 0; k < kKinds; ++k)
    session.kinds[k] = has(kinds, kKindNames[k]) ? count(kinds, kKindNames[k]) : 0;
  session.amount = number(line, "amount");
  for (const auto& [category, events] : object(line["categories"])) {
    session.categories.emplace_back(category, std::int64_t(events));
  }
  return session;
}

Published read(const element& line) {
  const std::string_view type = text(line, "type");
  const std::string user(text(line, "user"));
  if (type == "forecast") return {user, read_forecast(line)};
  if (type == "drift") return {user, read_signal(line)};
  if (type == "session") return {user, read_session(line)};
  refuse();
}

}  // namespace

std::optional<Published> parse_published(std::string_view line) {
  simdjson::dom::parser parser;
  element document;
  if (parser.parse(line.data(), line.size(), false).get(document) != simdjson::SUCCESS) return std::nullopt;
  try {
    return read(document);
  } catch (const simdjson::simdjson_error&) {
    return std::nullopt;
  }
}

}  // namespace driftcast
