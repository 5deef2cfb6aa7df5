// driftcast train: makes a model directory from recorded events; or, with --priors, only fits the segments' priors.

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

#include "config/model_document.h"
#include "pipeline/commands/cli.h"
#include "pipeline/commands/training_progress.h"
#include "pipeline/evaluation/prior_fit.h"
#include "pipeline/json_text.h"
#include "pipeline/kafka_replay.h"
#include "pipeline/terminal.h"
#include "pipeline/torch_library_loader.h"
#include "pipeline/training/train_model.h"
#include "pipeline/training/work_directory.h"

namespace driftcast {
namespace {

constexpr std::size_t kLongestNote = 10'000;  // bytes

struct Arguments {
  ConfigArguments config;
  std::string events, topic, out, id, note;
  std::size_t most_rows = 2'000'000;
  TrainingOptions training;
  std::vector<double> split = {0.6, 0.2};
  bool restart = false;
  bool priors = false;
};

// What is wrong with how it was called, a line each.
class Complaints {
 public:
  void add(const std::string& what) { text_ += (text_.empty() ? "" : "\n") + what; }
  Result<void> result() const { return text_.empty() ? Result<void>() : error(ErrorCode::kUsage, text_); }

 private:
  std::string text_;
};

Result<void> check_priors_usage(const Arguments& arguments) {
  Complaints wrong;
  if (arguments.events.empty()) wrong.add("train --priors: give the events with --events FILE");
  if (!arguments.topic.empty()) wrong.add("train --priors: reads a file only, not a --topic");
  return wrong.result();
}

bool is_share(double share) { return share >= 0.05 && share <= 1; }

Result<void> check_usage(const Arguments& arguments, const std::string& id) {
  Complaints wrong;
  if (arguments.events.empty() == arguments.topic.empty()) {
    wrong.add("train: give the events with either --events FILE or --topic NAME");
  }
  if (arguments.events == "-") wrong.add("--events: are read several times; standard input can be read only once");
  if (arguments.out.empty()) wrong.add("train: name the model directory with --out");
  const double train = arguments.split[0];
  const double validation = arguments.split[1];
  if (!is_share(train) || !is_share(validation) || !is_share(1 - train - validation)) {
    wrong.add("--split: training, validation and the rest for the test each need at least 0.05 of the time");
  }
  if (arguments.training.hidden % kHiddenUnit != 0) {
    wrong.add(fmt::format("--hidden: must be a multiple of {}", kHiddenUnit));
  }
  if (!is_model_id(id)) {
    wrong.add(fmt::format("--id: a model's name has 1 to {} letters, digits, '.', '_' or '-', not '{}'",
                          kLongestModelId, printable(id, true)));
  }
  if (!is_utf8(arguments.note)) wrong.add("--note: is not UTF-8");
  if (arguments.note.size() > kLongestNote) {
    wrong.add(fmt::format("--note: {} bytes, at most {} are kept", arguments.note.size(), kLongestNote));
  }
  return wrong.result();
}

// The name of a directory as that of a model: what may not stand in one is a '-'.
std::string name_of(const std::string& directory) {
  std::error_code failure;
  const auto path = std::filesystem::absolute(directory, failure).lexically_normal();
  std::string name = (path.has_filename() ? path : path.parent_path()).filename().string().substr(0, kLongestModelId);
  for (char& letter : name) {
    if (!is_model_id(std::string_view(&letter, 1))) letter = '-';
  }
  return name.empty() ? "model" : name;
}

// A word for a shell.
std::string word(const std::string& text) {
  const std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:=,@%+";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char letter : text) quoted += letter == '\'' ? "'\\''" : std::string(1, letter);
  return quoted + "'";
}

// The call that does it again, without what changes nothing.
std::string command_of(const Arguments& arguments) {
  std::string text = "driftcast train";
  text += arguments.topic.empty() ? " --events " + word(arguments.events) : " --topic " + word(arguments.topic);
  text += " --out " + word(arguments.out);
  if (!arguments.config.file.empty()) text += " --config " + word(arguments.config.file);
  for (const std::string& each : arguments.config.overrides) text += " --set " + word(each);
  if (!arguments.id.empty()) text += " --id " + word(arguments.id);
  const TrainingOptions& options = arguments.training;
  return text + fmt::format(
                    " --hidden {} --layers {} --epochs {} --patience {} --learning-rate {} --dropout {} --seed {} "
                    "--device {} --rows {} --split {} {}",
                    options.hidden, options.layers, options.epochs, options.patience, options.learning_rate,
                    options.dropout, options.seed, options.device, arguments.most_rows, arguments.split[0],
                    arguments.split[1]);
}

Result<void> fit_priors(const Arguments& arguments) {
  DRIFTCAST_TRY(check_priors_usage(arguments));
  auto settings = arguments.config.load();
  if (!settings) return settings.error();
  const auto work = WorkDirectory::open(arguments.out.empty() ? "training" : arguments.out);
  if (!work) return work.error();
  settings->pipeline.source.path = arguments.events;
  settings->pipeline.sink.dir = (*work)->path();
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
  const std::string id = arguments.id.empty() ? name_of(arguments.out) : arguments.id;
  DRIFTCAST_TRY(check_usage(arguments, id));
  auto settings = arguments.config.load();
  if (!settings) return settings.error();
  if (!arguments.topic.empty()) DRIFTCAST_TRY(require_brokers(*settings));
  auto library = load_torch_library();
  if (!library) return library.error();
  if (arguments.training.device == "cuda" && !(*library)->has_cuda()) {
    return error(ErrorCode::kConfig, "--device cuda: LibTorch finds no CUDA device here");
  }
  fmt::print(stderr, "{}, seed {}\n", (*library)->description(), arguments.training.seed);
  watch_signals();
  const auto work = WorkDirectory::open(arguments.out);
  if (!work) return work.error();
  TrainingProgress progress;
  TrainJob job;
  job.settings = *settings;
  job.out = arguments.out;
  job.id = id;
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
  job.pass = topic ? over_topic(*topic, progress) : over_file(arguments.events, **work, progress);
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
