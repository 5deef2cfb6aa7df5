// driftcast generate: events to try things with, and what was planted into them.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>

#include "pipeline/commands/cli.h"
#include "pipeline/generator/generate.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

struct GenerateArguments {
  GenerateJob job;
  std::string start = "2024-01-01";
  bool topic = false;
  ConfigArguments config;
};

// Progress on standard error, where a person looks at it and the records do not go there, too.
class Countdown {
 public:
  explicit Countdown(const GenerateJob& job)
      : records_(job.options.events),
        shown_(::isatty(STDERR_FILENO) == 1 && (job.out != "-" || ::isatty(STDOUT_FILENO) != 1)) {}

  void show(std::int64_t made) {
    const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    if (!shown_ || made == 0 || elapsed - last_s_ < 0.5) return;
    last_s_ = elapsed;
    const double share = static_cast<double>(made) / static_cast<double>(records_);
    fmt::print(stderr, "\r\x1b[K{} of {} records, {:.0f} %, {:.0f} s left", made, records_, 100 * share,
               elapsed * (1 - share) / share);
  }
  void finish() {
    if (last_s_ > 0) fmt::print(stderr, "\r\x1b[K");
  }

 private:
  std::int64_t records_;
  bool shown_;
  double last_s_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

std::string describe(const GenerateArguments& arguments, const GenerateSummary& summary) {
  const GeneratorOptions& options = arguments.job.options;
  const Generated& made = summary.made;
  return fmt::format(
      "seed {}: {} records of up to {} users, {} days from {}\n"
      "{} events ({} out of order, {} late), {} duplicates, {} broken; {} planted drifts; {:.0f} records/s\n",
      options.seed, made.records, options.users, options.days, arguments.start, made.events, made.disordered, made.late,
      made.duplicates, made.broken, summary.drifts, static_cast<double>(made.records) / std::max(summary.wall_s, 1e-3));
}

// The topic that a job with this configuration would read.
Result<std::optional<TopicTarget>> target_of(const GenerateArguments& arguments) {
  if (!arguments.topic) return std::optional<TopicTarget>();
  const auto settings = arguments.config.load();
  if (!settings) return settings.error();
  const PipelineOptions& options = settings->pipeline;
  if (options.kafka.brokers.empty()) {
    return error(ErrorCode::kConfig, "--topic needs kafka.brokers, e.g. --set kafka.brokers=localhost:9092");
  }
  return std::optional(TopicTarget{options.kafka, options.topics.input});
}

Result<void> run_generate(GenerateArguments& arguments) {
  const auto start = parse_rfc3339(arguments.start + "T00:00:00Z");
  if (!start) {
    return error(ErrorCode::kUsage, fmt::format("--start: '{}' is not a date such as 2024-01-01", arguments.start));
  }
  arguments.job.options.start = *start;
  auto target = target_of(arguments);
  if (!target) return target.error();
  arguments.job.topic = std::move(*target);
  watch_signals();
  std::signal(SIGPIPE, SIG_IGN);
  Countdown countdown(arguments.job);
  const auto summary =
      generate(arguments.job, stop_requested(), [&](std::int64_t records) { countdown.show(records); });
  countdown.finish();
  if (!summary) return summary.error();
  fmt::print(stderr, "{}", describe(arguments, *summary));
  return {};
}

void add_options(CLI::App& command, GenerateArguments& arguments) {
  GenerateJob& job = arguments.job;
  GeneratorOptions& options = job.options;
  command.option_defaults()->always_capture_default();
  command.add_option("-n,--events", options.events, "Records to write, duplicates and broken ones included");
  command.add_option("--users", options.users, "Users they come from");
  command.add_option("--seed", options.seed, "The same seed and options give the same bytes")
      ->check([](const std::string& text) { return text.starts_with('-') ? "must not be negative" : ""; });
  command.add_option("--days", options.days, "Days over which the events are spread");
  command.add_option("--start", arguments.start, "First day, UTC");
  command.add_option("-o,--out", job.out, "File to write; '-' is standard output, a name in .gz is compressed");
  command
      .add_flag("--topic", arguments.topic,
                "Write to topics.input on kafka.brokers instead, each record with its user as the key")
      ->excludes("--out");
  command.add_option("--labels", job.labels, "File for what was planted into whom, and who stayed as they were");
  command.add_option("--speed", job.speed, "Event time passes so many times as fast as real time; 0: without waiting");
  command.add_option("--drift-share", options.drift_share, "Share of the users with a planted drift");
  command.add_option("--drift-volume", options.drift_volume,
                     "Share of these drifts that change how much a user does, not what the user likes");
  command.add_option("--zipf", options.zipf, "Exponent of the users' activity: the larger, the more uneven");
  command.add_option("--zipf-head", options.head,
                     "Share of the users over which the law's head is flattened; 0: Zipf's law itself");
  command.add_option("--categories", options.categories, "Categories");
  command.add_option("--items", options.items, "Items in each category");
  command.add_option("--disorder", options.disorder, "Share of records out of order by at most 50 minutes");
  command.add_option("--late", options.late, "Share of records that come 65 minutes to a day late");
  command.add_option("--duplicates", options.duplicates, "Share of records that repeat one before them");
  command.add_option("--broken", options.broken, "Share of records that are no events");
}

}  // namespace

void add_generate_command(CLI::App& app, int& code) {
  auto* command =
      app.add_subcommand("generate", "Write made-up events as JSON Lines, with interest drifts that are known");
  auto arguments = std::make_shared<GenerateArguments>();
  add_options(*command, *arguments);
  arguments->config.add_to(*command);
  command->footer(
      "Examples:\n"
      "  driftcast generate --events 1000000 --users 20000 --out events.jsonl.gz --labels labels.jsonl\n"
      "  driftcast generate --events 500000 --speed 3600 | driftcast run --set source.path=- --set sink.dir=out\n"
      "  driftcast generate --events 500000 --speed 3600 --topic --set kafka.brokers=localhost:9092\n");
  command->callback([arguments, &code] {
    const auto done = run_generate(*arguments);
    code = done ? 0 : complain(done.error());
  });
}

}  // namespace driftcast
