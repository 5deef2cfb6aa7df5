#include "pipeline/explain/explain_reader.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <utility>

#include "pipeline/explain/explain_parser.h"
#include "pipeline/json_text.h"
#include "pipeline/lines.h"
#include "pipeline/slice.h"
#include "pipeline/terminal.h"

namespace driftcast {
namespace {

constexpr std::size_t kNamedUsers = 3;
constexpr int kLinesForNames = 1000;
constexpr std::int64_t kFewEvents = 100, kManyEvents = 1000;  // of a user before a drift

std::string path_of(const std::string& dir, const std::string& topic) { return dir + "/" + topic + ".jsonl"; }

bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

bool contains(std::string_view line, std::string_view needle) {
  return ::memmem(line.data(), line.size(), needle.data(), needle.size()) != nullptr;
}

Result<void> check_outputs(const std::string& dir, const TopicOptions& topics) {
  if (is_there(path_of(dir, topics.forecasts))) return {};
  return error(ErrorCode::kNoInput, "no outputs in '" + dir + "': there is no " + topics.forecasts +
                                        ".jsonl; 'driftcast run' with sink.dir=" + dir + " would write it");
}

// Hands out the published records of a file on whose lines the needle is found; all lines are shown to `see` before.
Result<void> scan(
    const std::string& path, const std::string& needle, const std::function<void(Published)>& take,
    const std::function<void(std::string_view)>& see = [](std::string_view) {}) {
  bool broken = false;
  return read_lines(path, [&](std::string_view line) -> std::string {
    if (broken) return "the line before is not a published record";
    see(line);
    if (!contains(line, needle)) return {};
    auto published = parse_published(line);
    broken = !published;
    if (published) take(std::move(*published));
    return {};
  });
}

// Collects the first few users among published lines.
class Names {
 public:
  void see(std::string_view line) {
    if (users_.size() == kNamedUsers || ++lines_ > kLinesForNames) return;
    const auto published = parse_published(line);
    if (!published || std::find(users_.begin(), users_.end(), published->user) != users_.end()) return;
    users_.push_back(published->user);
  }

  Error unknown(const std::string& dir, std::string_view user) const {
    std::string message = "nothing in '" + dir + "' is about a user '" + printable(user, true) + "'";
    for (std::size_t i = 0; i < users_.size(); ++i) {
      message += i == 0 ? "; there are for instance '" : i + 1 < users_.size() ? "', '" : "' and '";
      message += printable(users_[i], true);
    }
    return error(ErrorCode::kNoInput, users_.empty() ? message + ", nor about any other" : message + "'");
  }

 private:
  std::vector<std::string> users_;
  int lines_ = 0;
};

// How much a drift signal's user has to tell; compared from the first member on.
struct Tale {
  int rank = 0;
  float severity = 0;
  EventTime at;
  std::string user;
  auto operator<=>(const Tale&) const = default;
};

Tale tale_of(const DriftSignal& signal, std::string user) {
  if (signal.kind != DriftKind::kMix || signal.stage != DriftStage::kConfirmed)
    return {0, 0, signal.at, std::move(user)};
  const int rank = signal.events < kFewEvents ? 1 : signal.events > kManyEvents ? 2 : 3;
  return {rank, signal.severity, signal.at, std::move(user)};
}

std::vector<std::string> user_of(std::string line) {
  const std::size_t size = line.size();
  line.append(kPadding, '\0');
  const auto published = parse_published(std::string_view(line).substr(0, size));
  return published ? std::vector{published->user} : std::vector<std::string>{};
}

}  // namespace

Result<Trajectory> read_trajectory(const std::string& dir, const TopicOptions& topics, std::string_view user) {
  DRIFTCAST_TRY(check_outputs(dir, topics));
  Trajectory trajectory;
  trajectory.user = user;
  const auto take = [&](Published published) {
    if (published.user != user) return;  // the needle was found elsewhere on the line
    if (auto* forecast = std::get_if<Forecast>(&published.what)) trajectory.forecasts.push_back(std::move(*forecast));
    if (auto* signal = std::get_if<DriftSignal>(&published.what)) trajectory.signals.push_back(std::move(*signal));
    if (auto* session = std::get_if<Session>(&published.what)) trajectory.sessions.push_back(std::move(*session));
  };
  std::string needle = "\"user\":";
  append_json_string(needle, user);
  Names names;
  DRIFTCAST_TRY(scan(path_of(dir, topics.forecasts), needle, take, [&](std::string_view line) { names.see(line); }));
  for (const std::string& topic : {topics.drift, topics.sessions}) {
    const std::string path = path_of(dir, topic);
    if (!topic.empty() && topic != topics.forecasts && is_there(path)) DRIFTCAST_TRY(scan(path, needle, take));
  }
  if (trajectory.forecasts.empty() && trajectory.signals.empty() && trajectory.sessions.empty()) {
    return names.unknown(dir, user);
  }
  return trajectory;
}

Result<std::vector<std::string>> find_telling_users(const std::string& dir, const TopicOptions& topics,
                                                    std::size_t most) {
  DRIFTCAST_TRY(check_outputs(dir, topics));
  std::vector<Tale> tales;
  std::string last_line;
  const auto take = [&](Published published) {
    const auto* signal = std::get_if<DriftSignal>(&published.what);
    if (signal != nullptr) tales.push_back(tale_of(*signal, std::move(published.user)));
  };
  const std::string needle = "\"type\":\"drift\"";
  DRIFTCAST_TRY(scan(path_of(dir, topics.forecasts), needle, take, [&](std::string_view line) { last_line = line; }));
  const std::string drift = path_of(dir, topics.drift);
  if (!topics.drift.empty() && topics.drift != topics.forecasts && is_there(drift)) {
    DRIFTCAST_TRY(scan(drift, needle, take));
  }
  if (tales.empty()) return user_of(std::move(last_line));
  std::sort(tales.begin(), tales.end(), std::greater<>());
  std::vector<std::string> users;
  for (const Tale& tale : tales) {
    if (users.size() < most && std::find(users.begin(), users.end(), tale.user) == users.end())
      users.push_back(tale.user);
  }
  return users;
}

}  // namespace driftcast
