// driftcast run: the main job.

#include <fmt/format.h>

#include <memory>

#include "config/fields.h"
#include "pipeline/commands/cli.h"

namespace driftcast {
namespace {

Result<void> check_runnable(const Settings& settings) {
  std::string missing;
  if (settings.pipeline.source.path.empty()) missing += "source.path: which file to read; '-' is standard input\n";
  if (settings.pipeline.sink.dir.empty()) missing += "sink.dir: which directory to write to\n";
  if (missing.empty()) return {};
  return error(ErrorCode::kConfig, missing +
                                       "set them in the configuration or with --set, e.g. --set "
                                       "source.path=events.jsonl.gz --set sink.dir=out");
}

int run(const ConfigArguments& arguments, bool close) {
  auto settings = arguments.load();
  if (!settings) return complain(settings.error());
  if (!close) settings->pipeline.source.close = false;
  if (auto runnable = check_runnable(*settings); !runnable) return complain(runnable.error());
  watch_signals();
  ProgressLine line;
  auto summary =
      run_files(*settings, default_models(), stop_requested(), [&](const Progress& progress) { line.show(progress); });
  line.finish();
  if (!summary) return complain(summary.error());
  fmt::print("{}", summary_text(*summary));
  return 0;
}

}  // namespace

void add_run_command(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("run", "Read events, write forecasts and drift signals");
  auto arguments = std::make_shared<ConfigArguments>();
  auto no_close = std::make_shared<bool>(false);
  arguments->add_to(*command);
  command->add_flag("--no-close", *no_close, "Do not close open sessions and steps at the end of the input");
  command->footer(
      "Example:\n  driftcast run --set source.path=events.jsonl.gz --set sink.dir=out\n"
      "With --set state.dir=DIR a stopped or killed run goes on where it was.");
  command->callback([arguments, no_close, &code] { code = run(*arguments, !*no_close); });
}

}  // namespace driftcast
