#include "pipeline/commands/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/files.h"
#include "pipeline/terminal.h"

namespace driftcast {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMark = ".driftcast-demo";  // says that a directory is a demo's

bool is_one_of(const fs::path& path, std::span<const std::string> files) {
  return std::any_of(files.begin(), files.end(), [&](const std::string& file) {
    std::error_code ignored;
    return !file.empty() && fs::equivalent(path, file, ignored);
  });
}

// The value of a text member on a line of dead letters, as our own writer writes it; empty when there is none.
std::string member(const std::string& line, const std::string& name) {
  const std::string begin = "\"" + name + "\":\"";
  const std::size_t place = line.rfind(begin);
  if (place == std::string::npos) return {};
  const std::size_t value = place + begin.size();
  return line.substr(value, line.find('"', value) - value);
}

}  // namespace

Result<void> claim_demo_directory(const std::string& dir, const TopicOptions& topics,
                                  std::span<const std::string> keep) {
  DRIFTCAST_TRY(make_directory(dir));
  const fs::path mark = fs::path(dir) / kMark;
  std::error_code failure;
  if (!fs::is_empty(dir, failure) && !fs::exists(mark)) {
    return error(ErrorCode::kRefused, "'" + dir + "' is not empty and not a demo's: name another directory with --out");
  }
  std::vector<std::string> names = {"events.jsonl", "labels.jsonl", "summary.json"};
  for (const std::string& topic : {topics.forecasts, topics.drift, topics.sessions, topics.late, topics.dlq}) {
    if (!topic.empty()) names.push_back(topic + ".jsonl");
  }
  for (const std::string& name : names) {
    const fs::path path = fs::path(dir) / name;
    if (!is_one_of(path, keep)) fs::remove(path, failure);
  }
  return replace_file(mark.string(), "Made by 'driftcast demo', which replaces its files here.\n");
}

GenerateJob demo_events(const std::string& dir) {
  GenerateJob job;
  job.out = dir + "/events.jsonl";
  job.labels = dir + "/labels.jsonl";
  job.options.events = 300'000;
  job.options.users = 3'000;
  job.options.seed = 1;
  job.options.days = 120;
  job.options.drift_share = 0.1;
  return job;
}

Result<void> check_events_read(const Summary& summary, const std::string& events, const std::string& dead_letters) {
  const std::int64_t records = summary.of(Counter::kRecords);
  if (records == 0) return error(ErrorCode::kData, "there are no events in '" + events + "'");
  if (summary.of(Counter::kDeadLetter) < records) return {};
  std::string first;
  std::getline(std::ifstream(dead_letters), first);
  const std::string reason = member(first, "reason");
  const std::string field = member(first, "field");
  return error(
      ErrorCode::kData,
      fmt::format("none of the {} records of '{}' could be read as an event; the first one: {}{}.\n"
                  "Where an event's fields lie is told by `mapping` in the configuration: config/examples has "
                  "two, to be given with --config; docs/configuration.md explains them. All records that could "
                  "not be read are in {}",
                  grouped(records), events, reason, field.empty() ? "" : " " + printable(field, true), dead_letters));
}

std::string planted_text(const PlantedScore& score) {
  const PlantedFound& drifts = score.drifts;
  if (drifts.planted == 0) return "no planted drift has enough events on both sides to be found";
  return fmt::format("found {} of {} planted drifts, median {:g} events later, {} false", drifts.found, drifts.planted,
                     drifts.median_delay, score.false_signals);
}

}  // namespace driftcast
