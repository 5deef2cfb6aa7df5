// driftcast demo: see it work, on generated events or on a file of one's own.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>

#include "pipeline/commands/cli.h"
#include "pipeline/commands/demo.h"
#include "pipeline/explain/explain.h"
#include "pipeline/explain/explain_reader.h"
#include "pipeline/file_sink.h"
#include "pipeline/serving_model.h"

namespace driftcast {
namespace {

constexpr int kWidest = 100;

struct Arguments {
  ConfigArguments config;
  std::string events, labels, out = "demo-out";
  bool no_network = false;
};

Result<void> make_events(Arguments& arguments) {
  const GenerateJob job = demo_events(arguments.out);
  const auto made = generate(job, stop_requested(), [](std::int64_t) {});
  if (!made) return made.error();
  arguments.events = job.out;
  arguments.labels = job.labels;
  fmt::print("made {} events of {} users over {} days, with {} drifts planted into them: {}\n",
             grouped(made->made.records), grouped(job.options.users), job.options.days, made->drifts, job.out);
  std::fflush(stdout);
  return {};
}

// Of the model that is shipped: beside the sources that the program was built from, or where it was installed. Empty: it
// is nowhere.
std::string shipped_model() {
  std::error_code failure;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failure).parent_path();
  const std::filesystem::path dirs[] = {program / "../../config/models/demo", "/etc/driftcast/models/demo"};
  for (const std::filesystem::path& dir : dirs) {
    if (std::filesystem::exists(dir / "model.json", failure)) return dir.lexically_normal().string();
  }
  return "";
}

Result<Summary> run(const Settings& settings, const ModelSet& models, ForecastSkill& skill) {
  ProgressLine line;
  auto summary = run_files(settings, models, stop_requested(), [&](const Progress& progress) { line.show(progress); },
                           {.observer = &skill});
  line.finish();
  return summary;
}

// "found 24 of 27 planted drifts, ...; 7-step forecast 12 % better than EWMA", and what that means.
Result<std::string> verdict(const Arguments& arguments, const Settings& settings, const ForecastSkill& skill) {
  const std::string meaning =
      fmt::format("compared by the root mean square errors of {} forecasts", grouped(skill.forecasts()));
  if (arguments.labels.empty()) return skill.text() + "\n(" + meaning + ")";
  const auto score =
      score_planted(arguments.labels, arguments.out + "/" + file_of(Topic::kDrift, settings.pipeline.topics));
  if (!score) return score.error();
  return planted_text(*score) + "; " + skill.text() + "\n(drifts with at least " +
         std::to_string(PlantedOptions{}.min_events) + " events of the user on both sides; " + meaning + ")";
}

// What the network adds: the same events once more, without it.
Result<std::string> network_text(Settings settings, const ModelSet& models, const ForecastSkill& with) {
  const std::string work = settings.pipeline.sink.dir + "/.without-network";
  settings.pipeline.sink.dir = work;
  settings.pipeline.emit = {false, false, false};
  const ModelSet without = with_network(models, nullptr, 0);
  ForecastSkill skill(settings.operators.horizons.front(), settings.pipeline.source.partitions);
  fmt::print(stderr, "once more without the network, to compare\n");
  const auto summary = run(settings, without, skill);
  std::error_code ignored;
  std::filesystem::remove_all(work, ignored);
  if (!summary) return summary.error();
  return fmt::format(
      "the network (model {}): with it {:.1f} % better than EWMA, without it {:.1f} %; by mean absolute errors "
      "{:.1f} % and {:.1f} %; it alone gives the chances of purchase and departure",
      models.id, with.gain(), skill.gain(), with.absolute_gain(), skill.absolute_gain());
}

// How the command was called, as one would type it here.
std::string program() {
  std::error_code failure;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failure);
  const std::string near = std::filesystem::proximate(path, failure).string();
  if (failure) return "driftcast";
  if (near.starts_with("..")) return path.string();
  return near.find('/') == std::string::npos ? "./" + near : near;
}

// The command that explains a user of this demo.
std::string explain_command(const Arguments& arguments, const std::string& user) {
  std::string command = fmt::format("{} explain '{}' --out {}", program(), printable(user, true), arguments.out);
  if (!arguments.config.file.empty()) command += " --config " + arguments.config.file;
  for (const std::string& override : arguments.config.overrides) {
    if (override.starts_with("topics.")) command += " --set " + override;
  }
  return command;
}

Result<void> show_somebody(const Arguments& arguments, const Settings& settings) {
  const auto users = find_telling_users(arguments.out, settings.pipeline.topics, 2);
  if (!users) return users.error();
  if (users->empty()) return {};
  const auto trajectory = read_trajectory(arguments.out, settings.pipeline.topics, users->front());
  if (!trajectory) return trajectory.error();
  Terminal terminal = terminal_of(STDOUT_FILENO);
  terminal.columns = std::min(terminal.columns, kWidest);
  fmt::print("\n{}\n", portrait(*trajectory, terminal));
  fmt::print("All about this user, and about another:\n  {}\n  {}\n", explain_command(arguments, users->front()),
             explain_command(arguments, users->back()));
  return {};
}

Result<void> run_demo(Arguments& arguments) {
  auto settings = arguments.config.load();
  if (!settings) return settings.error();
  const bool generates = arguments.events.empty() && settings->pipeline.source.path.empty();
  std::string& model = settings->pipeline.model_dir;
  if (generates && model.empty() && !arguments.no_network) {
    model = shipped_model();
    if (model.empty()) {
      fmt::print(stderr, "the model that is shipped is not where it should be: this is without a network\n");
    }
  }
  const auto models = open_model(*settings);
  if (!models) return models.error();
  PipelineOptions& pipeline = settings->pipeline;
  if (arguments.events.empty()) arguments.events = pipeline.source.path;
  const std::array<std::string, 2> inputs = {arguments.events, arguments.labels};
  DRIFTCAST_TRY(claim_demo_directory(arguments.out, pipeline.topics, inputs));
  watch_signals();
  if (arguments.events.empty()) DRIFTCAST_TRY(make_events(arguments));
  if (stop_requested()) return {};
  pipeline.source.path = arguments.events;
  pipeline.sink.dir = arguments.out;
  pipeline.explain = true;
  settings->state.dir.clear();
  ForecastSkill skill(settings->operators.horizons.front(), pipeline.source.partitions);
  const auto summary = run(*settings, *models, skill);
  if (!summary) return summary.error();
  fmt::print("\n{}", summary_text(*summary));
  if (stop_requested()) return {};
  DRIFTCAST_TRY(check_events_read(*summary, arguments.events,
                                  arguments.out + "/" + file_of(Topic::kDeadLetters, pipeline.topics)));
  const auto text = verdict(arguments, *settings, skill);
  if (!text) return text.error();
  fmt::print("\n{}\n", *text);
  if (models->network != nullptr && skill.forecasts() > 0) {
    const auto network = network_text(*settings, *models, skill);
    if (!network) return network.error();
    fmt::print("{}\n", *network);
  }
  return pipeline.emit.forecasts ? show_somebody(arguments, *settings) : Result<void>();
}

}  // namespace

void add_demo_command(CLI::App& app, int& code) {
  auto* command =
      app.add_subcommand("demo", "See it work: events in, forecasts and drift signals out, one user in a picture");
  auto arguments = std::make_shared<Arguments>();
  arguments->config.add_to(*command);
  command->add_option("--events", arguments->events, "File of events, plain or gzip; default: some are generated");
  command->add_option("--labels", arguments->labels,
                      "Drifts planted into these events, as `generate --labels` writes them");
  command->add_flag("--no-network", arguments->no_network, "Do without the model that is shipped for generated events");
  command->add_option("--out", arguments->out, "Directory for events and outputs; an earlier demo's are replaced")
      ->capture_default_str();
  command->footer(
      "Examples:\n  driftcast demo\n"
      "  driftcast demo --events events.jsonl.gz --config config/examples/shop.json --out shop-demo");
  command->callback([arguments, &code] {
    const auto shown = run_demo(*arguments);
    code = shown ? 0 : complain(shown.error());
  });
}

}  // namespace driftcast
