// driftcast run: the main job.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>

#include "config/fields.h"
#include "pipeline/commands/cli.h"
#include "pipeline/http_server.h"
#include "pipeline/metrics.h"
#include "pipeline/serving_model.h"

namespace driftcast {
namespace {

Result<void> check_runnable(const Settings& settings) {
  if (!settings.pipeline.kafka.brokers.empty()) return {};
  std::string missing;
  if (settings.pipeline.source.path.empty()) missing += "source.path: which file to read; '-' is standard input\n";
  if (settings.pipeline.sink.dir.empty()) missing += "sink.dir: which directory to write to\n";
  if (missing.empty()) return {};
  return error(ErrorCode::kConfig, missing +
                                       "set them in the configuration or with --set, e.g. --set "
                                       "source.path=events.jsonl.gz --set sink.dir=out; or set kafka.brokers");
}

struct RunArguments {
  ConfigArguments config;
  bool no_close = false;
  bool close = false;
  bool create_topics = false;
  std::string until;
};

// A topic without an end has no use for the records that close it.
Result<void> check_usage_on_kafka(const RunArguments& arguments) {
  if (arguments.no_close) {
    return error(ErrorCode::kUsage, "--no-close: is for files; without --close a run on Kafka closes nothing");
  }
  if (!arguments.close || arguments.until == "end") return {};
  return error(ErrorCode::kUsage, "--close: only a run that stops closes the input; add --until end");
}

// What would have no effect is told, for somebody expects one.
Result<void> check_usage_on_files(const RunArguments& arguments) {
  const auto is_for_kafka = [](const std::string& option, const std::string& instead) {
    return error(ErrorCode::kUsage, option + ": is for Kafka, and kafka.brokers is empty; " + instead);
  };
  if (arguments.close) {
    return is_for_kafka("--close", "the end of a file closes it anyway, unless --no-close is given");
  }
  if (!arguments.until.empty()) return is_for_kafka("--until", "a run on a file stops at its end anyway");
  if (arguments.create_topics) return is_for_kafka("--create-topics", "files are made anyway");
  return {};
}

Result<void> check_usage(const RunArguments& arguments, const Settings& settings) {
  return settings.pipeline.kafka.brokers.empty() ? check_usage_on_files(arguments) : check_usage_on_kafka(arguments);
}

// Serves the metrics where the settings want them; null: nowhere.
Result<std::unique_ptr<HttpServer>> serve(const HttpOptions& options, Metrics& metrics) {
  if (options.listen.empty()) return std::unique_ptr<HttpServer>();
  const HttpPages pages{[&metrics] { return metrics.text(std::chrono::system_clock::now()); },
                        [&metrics] { return metrics.unready(); }};
  auto server = HttpServer::start(options.listen, pages);
  if (server) spdlog::info("metrics and probes: http://{}/metrics, /livez, /readyz", (*server)->address());
  return server;
}

// Passes the progress on to who looks at the terminal and to who scrapes.
class Reporter {
 public:
  explicit Reporter(Metrics& metrics) : metrics_(metrics) {}

  void show(const Progress& progress) {
    line_.show(progress);
    Counters more{};
    for (std::size_t c = 0; c < kCounters; ++c) {
      const std::int64_t here = progress.counters[c] - progress.before[c];
      more[c] = here - std::exchange(counted_[c], here);
    }
    metrics_.count(more);
    if (progress.fraction > 0) metrics_.input_progress(progress.fraction);
  }
  void finish() { line_.finish(); }

 private:
  ProgressLine line_;
  Metrics& metrics_;
  Counters counted_{};
};

Result<Summary> run_job(const Settings& settings, const ModelSet& models, const RunArguments& arguments,
                        const std::function<void(const Progress&)>& report, const Watchers& watchers) {
  if (settings.pipeline.kafka.brokers.empty()) {
    return run_files(settings, models, stop_requested(), report, watchers);
  }
  const Until until = arguments.until == "end" ? Until::kEnd : Until::kForever;
  const KafkaRun wanted{until, arguments.create_topics, arguments.close};
  return run_kafka(settings, models, wanted, stop_requested(), report, watchers);
}

int run(const RunArguments& arguments) {
  auto settings = arguments.config.load();
  if (!settings) return complain(settings.error());
  if (arguments.no_close) settings->pipeline.source.close = false;
  if (auto usable = check_usage(arguments, *settings); !usable) return complain(usable.error());
  if (auto runnable = check_runnable(*settings); !runnable) return complain(runnable.error());
  Metrics metrics(settings->operators.horizons);
  const auto models = open_model(*settings, &metrics);
  if (!models) return complain(models.error());
  watch_signals();
  const auto server = serve(settings->pipeline.http, metrics);
  if (!server) return complain(server.error());
  Reporter reporter(metrics);
  const auto report = [&](const Progress& progress) { reporter.show(progress); };
  const Watchers watchers = *server ? Watchers{&metrics.forecast_scores(), &metrics} : Watchers();
  const auto summary = run_job(*settings, *models, arguments, report, watchers);
  reporter.finish();
  if (!summary) return complain(summary.error());
  fmt::print("{}", summary_text(*summary));
  return 0;
}

}  // namespace

void add_run_command(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("run", "Read events, write forecasts and drift signals");
  auto arguments = std::make_shared<RunArguments>();
  arguments->config.add_to(*command);
  command->add_flag("--no-close", arguments->no_close, "Files: do not close open sessions and steps at the end");
  command->add_option("--until", arguments->until, "Kafka: stop at the end of the input as it is now; else run on")
      ->check(CLI::IsMember({"end"}));
  command->add_flag("--close", arguments->close,
                    "Kafka: first close open sessions and steps, as 'driftcast tick --close'");
  command->add_flag("--create-topics", arguments->create_topics, "Kafka: make the output topics that are missing");
  command->footer(
      "Examples:\n  driftcast run --set source.path=events.jsonl.gz --set sink.dir=out\n"
      "  driftcast run --set kafka.brokers=localhost:9092 --set topics.input=events --create-topics\n"
      "With --set state.dir=DIR a stopped or killed run goes on where it was.");
  command->callback([arguments, &code] { code = run(*arguments); });
}

}  // namespace driftcast
