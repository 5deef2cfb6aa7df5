// driftcast tick: moves the time of a topic's partitions where no event does.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "config/units.h"
#include "pipeline/commands/cli.h"
#include "pipeline/kafka_tick.h"
#include "pipeline/timestamps.h"
#include "pipeline/wire.h"

namespace driftcast {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookForStop{50};

struct TickArguments {
  ConfigArguments config;
  bool close = false;
  std::string to, every;
};

// One of the two.
struct Ticks {
  Advance advance;                // once
  std::optional<Duration> every;  // to the wall clock, again and again
};

Result<Ticks> read_ticks(const TickArguments& arguments) {
  if (arguments.close + !arguments.to.empty() + !arguments.every.empty() != 1) {
    return error(ErrorCode::kUsage,
                 "tick: how far shall time move? Give one of --close, --to TIME and --every DURATION");
  }
  if (arguments.close) return Ticks{};
  if (!arguments.to.empty()) {
    const auto to = parse_moment(arguments.to);
    if (to) return Ticks{{to}, std::nullopt};
    return error(ErrorCode::kUsage, fmt::format("--to: '{}' is no time; allowed are RFC 3339 with a zone, as "
                                                "2024-03-01T12:00:00Z, and milliseconds since 1970, from 2000-01-01 on "
                                                "and before 2100-01-01",
                                                arguments.to));
  }
  const auto every = parse_duration(arguments.every);
  if (every && *every > 0) return Ticks{{}, Duration{*every}};
  return error(ErrorCode::kUsage,
               "--every: " + (every ? "a period must be longer than nothing" : every.error().message) + ", e.g. 1m");
}

Result<void> write(const Settings& settings, const Advance& advance) {
  const std::string& topic = settings.pipeline.topics.input;
  const auto moved =
      write_advances(settings.pipeline.kafka, topic, advance_value(advance), {.stop = &stop_requested()});
  if (!moved) return moved.error();
  const std::string where = fmt::format("{} partition{} of {}", *moved, *moved == 1 ? "" : "s", topic);
  fmt::print("{}\n", advance.to ? fmt::format("moved {} to {}", where, rfc3339(*advance.to)) : "closed " + where);
  std::fflush(stdout);
  return {};
}

EventTime wall_clock() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return EventTime{std::chrono::duration_cast<Duration>(since)};
}

// Until the process is told to stop. Brokers that are not there now are tried again with the next period.
Result<void> write_every(const Settings& settings, Duration period) {
  auto due = steady_clock::now();
  while (!stop_requested()) {
    if (steady_clock::now() >= due) {
      const auto written = write(settings, {wall_clock()});
      if (!written && written.error().code != ErrorCode::kUnavailable) return written.error();
      if (!written && !stop_requested()) spdlog::warn("{}; trying again", written.error().message);
      due = std::max(due + period, steady_clock::now());
    }
    std::this_thread::sleep_for(std::min<steady_clock::duration>(kLookForStop, period));
  }
  return {};
}

Result<void> tick(const TickArguments& arguments) {
  const auto ticks = read_ticks(arguments);
  if (!ticks) return ticks.error();
  const auto settings = arguments.config.load();
  if (!settings) return settings.error();
  DRIFTCAST_TRY(require_brokers(*settings));
  watch_signals();
  return ticks->every ? write_every(*settings, *ticks->every) : write(*settings, ticks->advance);
}

}  // namespace

void add_tick_command(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("tick", "Kafka: move the time of every input partition where no event does");
  auto arguments = std::make_shared<TickArguments>();
  arguments->config.add_to(*command);
  command->add_flag("--close", arguments->close, "Just so far that open sessions and the newest event's step close");
  command->add_option("--to", arguments->to, "To this time: RFC 3339 or milliseconds since 1970");
  command->add_option("--every", arguments->every, "To the wall clock now and after every such period, until Ctrl-C");
  command->footer(
      "Examples:\n  driftcast tick --set kafka.brokers=localhost:9092 --close\n"
      "  driftcast tick --set kafka.brokers=localhost:9092 --every 1m\n"
      "Time never goes back: an event from before the time it was moved to is late, time.lateness or not.");
  command->callback([arguments, &code] {
    const auto ticked = tick(*arguments);
    code = ticked ? 0 : complain(ticked.error());
  });
}

}  // namespace driftcast
