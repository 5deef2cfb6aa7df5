// driftcast evaluate: how good are the forecasts on these events? Through the same stages as live, prequentially.

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "config/files.h"
#include "pipeline/commands/cli.h"
#include "pipeline/evaluation/evaluation_report.h"
#include "pipeline/evaluation/evaluator.h"
#include "pipeline/file_sink.h"
#include "pipeline/serving_model.h"

namespace driftcast {
namespace {

struct Arguments {
  ConfigArguments config;
  std::string events, out = "evaluation", labels;
};

Result<void> evaluate(const Arguments& arguments) {
  auto settings = arguments.config.load();
  if (!settings) return settings.error();
  PipelineOptions& pipeline = settings->pipeline;
  pipeline.source.path = arguments.events;
  pipeline.sink.dir = arguments.out;
  pipeline.threads = 1;
  pipeline.emit.drift = pipeline.emit.drift || !arguments.labels.empty();
  settings->operators.models = true;
  settings->state.dir.clear();
  settings->operators.categories.top = std::max(settings->operators.categories.top, 10);  // for NDCG@10
  const auto models = open_model(*settings);
  if (!models) return models.error();
  watch_signals();
  Evaluator evaluator(settings->operators.horizons, *models);
  ProgressLine line;
  const auto summary = run_files(*settings, *models, stop_requested(),
                                 [&](const Progress& progress) { line.show(progress); }, {.observer = &evaluator});
  line.finish();
  if (!summary) return summary.error();
  evaluator.finish();
  std::optional<PlantedScore> planted;
  if (!arguments.labels.empty()) {
    auto score = score_planted(arguments.labels, arguments.out + "/" + file_of(Topic::kDrift, pipeline.topics));
    if (!score) return score.error();
    planted = *score;
  }
  const PlantedScore* const known = planted ? &*planted : nullptr;
  fmt::print("{}", evaluation_table(evaluator.evaluation(), known));
  return replace_file(arguments.out + "/metrics.json", evaluation_json(evaluator.evaluation(), known));
}

}  // namespace

void add_evaluate_command(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("evaluate", "Measure the forecasts on recorded events, beside naive ones");
  auto arguments = std::make_shared<Arguments>();
  arguments->config.add_to(*command);
  command->add_option("--events", arguments->events, "File of events; '-' is standard input")->required();
  command->add_option("--out", arguments->out, "Directory for outputs and metrics.json")->capture_default_str();
  command->add_option("--labels", arguments->labels, "Planted drifts, as written by `generate --labels`");
  command->footer(
      R"(ewma_slow and ewma_fast are EWMA 0.1 and 0.3 of the events per step, empty steps included. They begin
as the mean of what they have seen: the n-th step weighs 1/n, until that is less than 0.1 or 0.3. Forecasts of
14 and 30 steps are scored every second and every fourth step.

Example:
  driftcast evaluate --events events.jsonl.gz --out evaluation)");
  command->callback([arguments, &code] {
    const auto evaluated = evaluate(*arguments);
    code = evaluated ? 0 : complain(evaluated.error());
  });
}

}  // namespace driftcast
