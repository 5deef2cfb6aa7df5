// driftcast train: makes a model directory from recorded events; or, with --priors, only fits the segments' priors.

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "pipeline/commands/cli.h"
#include "pipeline/commands/training_progress.h"
#include "pipeline/evaluation/prior_fit.h"
#include "pipeline/kafka_replay.h"
#include "pipeline/torch_library_loader.h"
#include "pipeline/training/train_model.h"

namespace driftcast {
namespace {

struct Arguments {
  ConfigArguments config;
  std::string events, topic, out, id, note;
  std::size_t most_rows = 2'000'000;
  TrainingOptions training;
  std::vector<double> split = {0.6, 0.2};
  bool restart = false;
  bool priors = false;
};

Result<void> fit_priors(const Arguments& arguments) {
  auto settings = arguments.config.load();
  if (!settings) return settings.error();
  settings->pipeline.source.path = arguments.events;
  settings->pipeline.sink.dir = arguments.out.empty() ? "training" : arguments.out;
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

// All that is wrong with how it was called.
Result<void> check_usage(const Arguments& arguments) {
  std::string wrong;
  const auto complain_of = [&wrong](const std::string& what) { wrong += (wrong.empty() ? "" : "\n") + what; };
  if (arguments.events.empty() == arguments.topic.empty()) {
    complain_of("train: give the events with either --events FILE or --topic NAME");
  }
  if (arguments.events == "-") complain_of("--events: are read several times; standard input can be read only once");
  if (arguments.out.empty()) complain_of("train: name the model directory with --out");
  const double test = 1 - arguments.split[0] - arguments.split[1];
  if (arguments.split[0] < 0.05 || arguments.split[1] < 0.05 || test < 0.05) {
    complain_of("--split: training, validation and the rest for the test each need at least 0.05 of the time");
  }
  if (arguments.training.hidden % kHiddenUnit != 0) {
    complain_of(fmt::format("--hidden: must be a multiple of {}", kHiddenUnit));
  }
  return wrong.empty() ? Result<void>() : error(ErrorCode::kUsage, wrong);
}

std::string name_of(const std::string& directory) {
  const auto path = std::filesystem::path(directory).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

// The call that does it again, without what changes nothing.
std::string command_of(const Arguments& arguments) {
  std::string text = "driftcast train";
  text += arguments.topic.empty() ? " --events " + arguments.events : " --topic " + arguments.topic;
  text += " --out " + arguments.out;
  if (!arguments.config.file.empty()) text += " --config " + arguments.config.file;
  for (const std::string& each : arguments.config.overrides) text += " --set " + each;
  if (!arguments.id.empty()) text += " --id " + arguments.id;
  const TrainingOptions& options = arguments.training;
  return text + fmt::format(
                    " --hidden {} --layers {} --epochs {} --patience {} --learning-rate {:g} --dropout {:g} --seed {} "
                    "--device {} --rows {} --split {} {}",
                    options.hidden, options.layers, options.epochs, options.patience, options.learning_rate,
                    options.dropout, options.seed, options.device, arguments.most_rows, arguments.split[0],
                    arguments.split[1]);
}

// Within the model directory, for what passes over a file write on their way. Removed in the end; the model directory, too,
// when it was made for nothing.
class WorkDirectory {
 public:
  explicit WorkDirectory(const std::string& out)
      : out_(out), path_(out + "/.training"), was_there_(std::filesystem::exists(out)) {}
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  ~WorkDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    if (!was_there_) std::filesystem::remove(out_, ignored);  // only an empty one
  }
  const std::string& path() const { return path_; }

 private:
  const std::string out_, path_;
  const bool was_there_;
};

TrainJob::Pass over_file(const std::string& events, const WorkDirectory& work, TrainingProgress& progress) {
  return [&](Settings settings, const ModelSet& models, Observer& observer) {
    settings.pipeline.source.path = events;
    settings.pipeline.sink.dir = work.path();
    settings.pipeline.kafka.brokers.clear();
    return run_files(settings, models, stop_requested(), [&](const Progress& now) { progress.events(now); },
                     {.observer = &observer});
  };
}

TrainJob::Pass over_topic(const KafkaReplay& topic, TrainingProgress& progress) {
  return [&](const Settings& settings, const ModelSet& models, Observer& observer) {
    return topic.run(settings, models, stop_requested(), [&](const Progress& now) { progress.events(now); },
                     {.observer = &observer});
  };
}

Result<void> train(const Arguments& arguments) {
  DRIFTCAST_TRY(check_usage(arguments));
  auto settings = arguments.config.load();
  if (!settings) return settings.error();
  if (!arguments.topic.empty()) DRIFTCAST_TRY(require_brokers(*settings));
  auto library = load_torch_library();
  if (!library) return library.error();
  fmt::print(stderr, "{}, seed {}\n", (*library)->description(), arguments.training.seed);
  watch_signals();
  const WorkDirectory work(arguments.out);
  TrainingProgress progress;
  TrainJob job;
  job.settings = *settings;
  job.out = arguments.out;
  job.id = arguments.id.empty() ? name_of(arguments.out) : arguments.id;
  job.command = command_of(arguments);
  job.note = arguments.note;
  job.training = arguments.training;
  job.train_share = arguments.split[0];
  job.validation_share = arguments.split[1];
  job.most_rows = arguments.most_rows;
  job.restart = arguments.restart;
  job.data = arguments.topic.empty() ? std::filesystem::path(arguments.events).filename().string() : arguments.topic;
  std::optional<KafkaReplay> topic;
  if (!arguments.topic.empty()) {
    auto opened = KafkaReplay::open(settings->pipeline.kafka, arguments.topic);
    if (!opened) return opened.error();
    topic.emplace(*std::move(opened));
  }
  job.pass = topic ? over_topic(*topic, progress) : over_file(arguments.events, work, progress);
  const auto report = train_model(job, **library, progress.watch(stop_requested()));
  progress.finish();
  if (!report) return report.error();
  fmt::print("{}", training_table(*report));
  std::fflush(stdout);  // before it, in whatever the two go to
  fmt::print(stderr, "written: {0}/model.json, {0}/weights.safetensors, {0}/report.html\n", arguments.out);
  return {};
}

void add_options(CLI::App& command, Arguments& arguments) {
  TrainingOptions& training = arguments.training;
  arguments.config.add_to(command);
  command.add_option("--events", arguments.events, "File of events");
  command.add_option("--topic", arguments.topic, "Kafka topic of events, read as it is when it begins");
  command.add_option("--out", arguments.out, "Model directory: model.json, weights.safetensors, report.html");
  command.add_option("--id", arguments.id, "Name of the model; that of the directory if not given");
  command.add_option("--note", arguments.note, "For the model's card: what should be known about the events, say");
  command.add_option("--hidden", training.hidden, "Units of a layer, a multiple of 8")
      ->check(CLI::Range(std::size_t{8}, kLargestHidden))
      ->capture_default_str();
  command.add_option("--layers", training.layers)
      ->check(CLI::Range(std::size_t{1}, kMostLayers))
      ->capture_default_str();
  command.add_option("--epochs", training.epochs, "At most; the validation part decides when to stop")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command.add_option("--patience", training.patience, "Epochs to wait for a better one")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command.add_option("--learning-rate", training.learning_rate)->check(CLI::Range(1e-6, 1.0))->capture_default_str();
  command.add_option("--dropout", training.dropout)->check(CLI::Range(0.0, 0.9))->capture_default_str();
  command.add_option("--seed", training.seed)->capture_default_str();
  command.add_option("--device", training.device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command.add_option("--rows", arguments.most_rows, "Feature rows kept at most; beyond, users are left out by hash")
      ->check(CLI::Range(1'000, 200'000'000))
      ->capture_default_str();
  command
      .add_option("--split", arguments.split, "Shares of the time for training and validation; the rest is the test")
      ->expected(2)
      ->capture_default_str();
  command.add_flag("--restart", arguments.restart, "Begin anew, whatever checkpoint there is");
  command.add_flag("--priors", arguments.priors,
                   "Only fit the segments' priors; prints them as models/default_priors.cc holds them");
}

}  // namespace

void add_train_command(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("train", "Train a model on recorded events: priors, network, joint weights");
  auto arguments = std::make_shared<Arguments>();
  add_options(*command, *arguments);
  command->footer(
      R"(The events are split in time: the network learns from the first part, the second says when to stop and how to
join, the third is what the scores are of. Stopped, the same command goes on after the last finished epoch.
Use the result with --set model.dir=DIR.

Examples:
  driftcast train --events events.jsonl.gz --out model
  driftcast train --topic interest-events --set kafka.brokers=localhost:9092 --out model
  driftcast train --priors --events events.jsonl.gz)");
  command->callback([arguments, &code] {
    const auto trained = arguments->priors ? fit_priors(*arguments) : train(*arguments);
    code = trained ? 0 : complain(trained.error());
  });
}

}  // namespace driftcast
