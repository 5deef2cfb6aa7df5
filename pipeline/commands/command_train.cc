// driftcast train: fits what a model directory holds. So far the segments' priors.

#include <fmt/format.h>

#include <memory>

#include "pipeline/commands/cli.h"
#include "pipeline/evaluation/prior_fit.h"

namespace driftcast {
namespace {

struct Arguments {
  ConfigArguments config;
  std::string events, out = "training";
  bool priors = false;
};

Result<void> train(const Arguments& arguments) {
  if (!arguments.priors) return error(ErrorCode::kUsage, "train: say what to fit; there is --priors");
  auto settings = arguments.config.load();
  if (!settings) return settings.error();
  settings->pipeline.source.path = arguments.events;
  settings->pipeline.sink.dir = arguments.out;
  settings->pipeline.threads = 1;
  settings->pipeline.emit = {false, false, false};
  settings->operators.models = true;
  settings->state.dir.clear();
  watch_signals();
  PriorFit fit(default_models());
  ProgressLine line;
  const auto summary = run_files(*settings, default_models(), stop_requested(),
                                 [&](const Progress& progress) { line.show(progress); }, {.observer = &fit});
  line.finish();
  if (!summary) return summary.error();
  fmt::print(stderr, "fitting the segments' priors\n");
  fmt::print("{}", priors_as_code(fit.fitted()));
  return {};
}

}  // namespace

void add_train_command(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("train", "Fit the priors of the segments on recorded events");
  auto arguments = std::make_shared<Arguments>();
  arguments->config.add_to(*command);
  command->add_flag("--priors", arguments->priors,
                    "Fit the segments' priors; prints them as models/default_priors.cc holds them");
  command->add_option("--events", arguments->events, "File of events; '-' is standard input")->required();
  command->add_option("--out", arguments->out, "Directory for what is written on the way")->capture_default_str();
  command->footer("Example:\n  driftcast train --priors --events events.jsonl.gz");
  command->callback([arguments, &code] {
    const auto trained = train(*arguments);
    code = trained ? 0 : complain(trained.error());
  });
}

}  // namespace driftcast
