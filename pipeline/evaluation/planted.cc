#include "pipeline/evaluation/planted.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "core/drift_signal.h"
#include "pipeline/generator/planted_label.h"
#include "pipeline/lines.h"
#include "pipeline/slice.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

struct Signal {
  EventTime at;
  PlantedKind kind = PlantedKind::kMix;
  std::int64_t events = 0;
};

using SignalsOf = std::unordered_map<std::string, std::vector<Signal>>;  // by user

// Reads the signal on a line of output; true when there is one.
simdjson::error_code read_signal(simdjson::ondemand::document& line, bool confirmed_only, std::string& user,
                                 std::optional<Signal>& signal) {
  std::string_view type, name_of_user, at, kind, stage;
  Signal read;
  if (auto failed = line["type"].get(type); failed != simdjson::SUCCESS || type != "drift") return failed;
  if (auto failed = line["user"].get(name_of_user); failed != simdjson::SUCCESS) return failed;
  if (auto failed = line["at"].get(at); failed != simdjson::SUCCESS) return failed;
  if (auto failed = line["kind"].get(kind); failed != simdjson::SUCCESS) return failed;
  if (auto failed = line["stage"].get(stage); failed != simdjson::SUCCESS) return failed;
  if (auto failed = line["events"].get(read.events); failed != simdjson::SUCCESS) return failed;
  const auto time = parse_rfc3339(at);
  if (!time || (kind != "mix" && kind != "volume")) return simdjson::INCORRECT_TYPE;
  if (confirmed_only && stage != name(DriftStage::kConfirmed)) return simdjson::SUCCESS;
  read.at = *time;
  read.kind = kind == "mix" ? PlantedKind::kMix : PlantedKind::kVolume;
  user = name_of_user;
  signal = read;
  return simdjson::SUCCESS;
}

Result<SignalsOf> read_signals(const std::string& path, bool confirmed_only) {
  SignalsOf signals;
  simdjson::ondemand::parser parser;
  std::string user;
  auto read = read_lines(path, [&](std::string_view text) -> std::string {
    simdjson::ondemand::document line;
    std::optional<Signal> signal;
    auto failed = parser.iterate(text.data(), text.size(), text.size() + kPadding).get(line);
    if (failed == simdjson::SUCCESS) failed = read_signal(line, confirmed_only, user, signal);
    if (failed != simdjson::SUCCESS) return std::string("not a published record: ") + simdjson::error_message(failed);
    if (signal) signals[user].push_back(*signal);
    return {};
  });
  if (!read) return read.error();
  return signals;
}

bool is_drift(PlantedKind kind) { return kind == PlantedKind::kMix || kind == PlantedKind::kVolume; }

// Events of the user from the change to the first signal after it, of one kind or of any; absent: there is none.
std::optional<std::int64_t> delay(const PlantedLabel& label, const std::vector<Signal>& signals, bool any_kind) {
  std::optional<std::int64_t> first;
  for (const Signal& signal : signals) {
    if (signal.at < label.at || (!any_kind && signal.kind != label.kind)) continue;
    const std::int64_t events = std::max<std::int64_t>(0, signal.events - label.events_before);
    first = std::min(first.value_or(events), events);
  }
  return first;
}

bool is_false(const Signal& signal, const PlantedLabel& label) {
  if (label.kind == PlantedKind::kSteady || signal.at < label.at) return true;
  return label.kind == PlantedKind::kQuiet && signal.kind == PlantedKind::kMix;
}

class Scorer {
 public:
  explicit Scorer(const PlantedOptions& options) : options_(options) {}

  void add(const PlantedLabel& label, const std::vector<Signal>& signals) {
    score_.false_signals +=
        std::count_if(signals.begin(), signals.end(), [&](const Signal& s) { return is_false(s, label); });
    if (label.kind == PlantedKind::kSteady) add_steady(label, signals);
    if (is_drift(label.kind)) add_drift(label, signals);
  }

  // Signals of a user that has no label: too few events to be steady by, and no change.
  void add_unlabelled(const std::vector<Signal>& signals) {
    score_.false_signals += static_cast<std::int64_t>(signals.size());
  }

  PlantedScore finish(std::int64_t signals) {
    score_.signals = signals;
    for (Group* group : {&drifts_, &mix_, &volume_, &all_}) {
      std::sort(group->delays.begin(), group->delays.end());
    }
    score_.drifts = found(drifts_);
    score_.mix = found(mix_);
    score_.volume = found(volume_);
    score_.all = found(all_);
    return score_;
  }

 private:
  struct Group {
    std::int64_t planted = 0;
    std::vector<std::int64_t> delays;

    void add(const std::optional<std::int64_t>& delay) {
      ++planted;
      if (delay) delays.push_back(*delay);
    }
  };

  static PlantedFound found(const Group& group) {
    const std::size_t n = group.delays.size();
    PlantedFound result{group.planted, static_cast<std::int64_t>(n), 0};
    if (n > 0) result.median_delay = static_cast<double>(group.delays[(n - 1) / 2] + group.delays[n / 2]) / 2;
    return result;
  }

  void add_steady(const PlantedLabel& label, const std::vector<Signal>& signals) {
    if (label.events_before < 2 * options_.min_events) return;
    ++score_.steady;
    score_.steady_alarmed += signals.empty() ? 0 : 1;
  }

  void add_drift(const PlantedLabel& label, const std::vector<Signal>& signals) {
    const auto events = delay(label, signals, false);
    all_.add(events);
    if (std::min(label.events_before, label.events_after) < options_.min_events) return;
    drifts_.add(events);
    (label.kind == PlantedKind::kMix ? mix_ : volume_).add(events);
    score_.found_any_kind += delay(label, signals, true) ? 1 : 0;
  }

  const PlantedOptions options_;
  PlantedScore score_;
  Group drifts_, mix_, volume_, all_;
};

}  // namespace

Result<PlantedScore> score_planted(const std::string& labels_path, const std::string& drift_signals_path,
                                   const PlantedOptions& options) {
  auto labels = read_labels(labels_path);
  if (!labels) return labels.error();
  auto signals = read_signals(drift_signals_path, options.confirmed_only);
  if (!signals) return signals.error();
  std::int64_t count = 0;
  for (const auto& [user, list] : *signals) count += static_cast<std::int64_t>(list.size());
  Scorer scorer(options);
  for (const PlantedLabel& label : *labels) {
    const auto found = signals->find(label.user);
    scorer.add(label, found == signals->end() ? std::vector<Signal>{} : found->second);
    if (found != signals->end()) signals->erase(found);
  }
  for (const auto& [user, list] : *signals) scorer.add_unlabelled(list);
  return scorer.finish(count);
}

}  // namespace driftcast
