#include "pipeline/commands/cli.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include "config/load.h"
#include "pipeline/commands/logging.h"
#include "pipeline/start.h"

namespace driftcast {
namespace {

std::atomic<bool> stop_flag{false};

void on_signal(int signal) {
  if (stop_flag.exchange(true)) ::_exit(128 + signal);
}

std::optional<std::string> environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

void ConfigArguments::add_to(CLI::App& command) {
  command.add_option("-c,--config", file, "Configuration file (JSON); docs/configuration.md lists every key");
  command.add_option("--set", overrides, "Set one key: --set path=value, e.g. --set time.lateness=2h (repeatable)")
      ->expected(1)
      ->take_all();
}

Result<Settings> ConfigArguments::load() const {
  const std::optional<std::string> path = file.empty() ? std::nullopt : std::optional(file);
  Loaded loaded = load_settings(path, overrides, environment);
  set_up_logging(loaded.settings.pipeline.log);  // problems are told as it says, too
  if (auto start = parse_start(loaded.settings.pipeline.start); !start) {
    loaded.problems.push_back({"start", start.error().message});
  }
  if (!loaded.problems.empty()) {
    return error(
        ErrorCode::kConfig,
        fmt::format("{}{} in the configuration", describe_problems(loaded.problems),
                    loaded.problems.size() == 1 ? "1 problem" : fmt::format("{} problems", loaded.problems.size())));
  }
  return loaded.settings;
}

Result<void> require_brokers(const Settings& settings) {
  if (!settings.pipeline.kafka.brokers.empty()) return {};
  return error(ErrorCode::kConfig,
               "kafka.brokers: which Kafka brokers to ask\n"
               "set it in the configuration or with --set, e.g. --set kafka.brokers=localhost:9092");
}

int complain(const Error& error) {
  const std::string line = logs_json() ? json_log_line(std::chrono::system_clock::now(), "error", error.message)
                                       : "driftcast: " + error.message;
  fmt::print(stderr, "{}\n", line);
  return static_cast<int>(error.code);
}

const std::atomic<bool>& stop_requested() { return stop_flag; }

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);  // the terminal was closed
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1 && !logs_json()), shown_s_(terminal_ ? -1 : 0) {}

void ProgressLine::show(const Progress& progress) {
  if (progress.wall_s - shown_s_ < (terminal_ ? 0.2 : 10)) return;
  shown_s_ = progress.wall_s;
  const auto of = [&](Counter counter) { return progress.counters[static_cast<std::size_t>(counter)]; };
  std::string line =
      fmt::format("{} events, {} users, {} forecasts, {} drift signals, {:.0f} events/s", of(Counter::kRecords),
                  of(Counter::kUsers), of(Counter::kForecasts), of(Counter::kDriftSignals),
                  static_cast<double>(of(Counter::kRecords)) / std::max(progress.wall_s, 1e-3));
  if (progress.fraction > 0) {
    line += fmt::format(", {:.0f} %", 100 * progress.fraction);
    if (progress.wall_s > 1) {
      line += fmt::format(", {:.0f} s left", progress.wall_s * (1 - progress.fraction) / progress.fraction);
    }
  }
  if (logs_json()) return spdlog::info("{}", line);
  fmt::print(stderr, "{}{}{}", terminal_ ? "\r\x1b[K" : "", line, terminal_ ? "" : "\n");
  open_ = terminal_;
}

void ProgressLine::finish() {
  if (open_) fmt::print(stderr, "\n");
  open_ = false;
}

}  // namespace driftcast
