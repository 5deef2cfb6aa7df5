#include "models/torch/training.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/torch/calibration.h"
#include "models/torch/epochs.h"
#include "models/torch/flat_set.h"
#include "models/torch/learner.h"
#include "models/torch/stopwatch.h"

namespace driftcast {

namespace {

Result<void> check_options(const TrainingOptions& options, const NetworkWeights& start) {
  const std::string fault = fault_of(start);
  if (!fault.empty()) return error(ErrorCode::kConfig, "cannot train such a network: " + fault);
  const auto out_of_bounds = [](const char* name, double value) {
    return error(ErrorCode::kConfig, "cannot train: " + std::string(name) + " is " + std::to_string(value));
  };
  if (options.epochs < 1) return out_of_bounds("epochs", options.epochs);
  if (options.patience < 1) return out_of_bounds("patience", options.patience);
  if (options.batch < 1) return out_of_bounds("batch", options.batch);
  if (options.chunk < 1) return out_of_bounds("chunk", options.chunk);
  if (!(options.learning_rate > 0)) return out_of_bounds("learning_rate", options.learning_rate);
  if (!(options.least_learning_rate >= 0)) return out_of_bounds("least_learning_rate", options.least_learning_rate);
  if (!(options.weight_decay >= 0)) return out_of_bounds("weight_decay", options.weight_decay);
  if (!(options.fresh_starts >= 0)) return out_of_bounds("fresh_starts", options.fresh_starts);
  if (!(options.gradient_norm > 0)) return out_of_bounds("gradient_norm", options.gradient_norm);
  if (!(options.dropout >= 0 && options.dropout < 1)) return out_of_bounds("dropout", options.dropout);
  return {};
}

Result<void> check_checkpoint(const Checkpoint& from, std::size_t parameters) {
  for (const auto* numbers : {&from.parameters, &from.average, &from.best, &from.first_moment, &from.second_moment}) {
    if (numbers->size() == parameters) continue;
    return error(ErrorCode::kConfig, "the interrupted training is of another network: it has " +
                                         std::to_string(numbers->size()) + " parameters, not " +
                                         std::to_string(parameters));
  }
  return {};
}

// What makes a yes-or-no head honest.
struct HeadLine {
  std::size_t output = 0;
  Calibration line;
};

// Of what the learner said of the validation part. `outputs` are [labels, width].
std::vector<HeadLine> lines_of(const FlatSet& set, std::span<const float> outputs, std::size_t width) {
  std::vector<HeadLine> lines;
  const auto fit = [&](std::size_t output, std::size_t horizon, const std::vector<float>& outcomes) {
    std::vector<float> logits, happened;
    for (std::size_t label = 0; label < set.labels.row.size(); ++label) {
      const std::size_t here = label * set.horizons.size() + horizon;
      if (set.labels.validation[here] == 0) continue;
      logits.push_back(outputs[label * width + output]);
      happened.push_back(outcomes[here]);
    }
    lines.push_back({output, fit_calibration(logits, happened)});
  };
  for (std::size_t s = 0; s < set.horizons.size(); ++s) {
    if (set.purchases) fit(s * kHeadOutputs + kHeadPurchase, s, set.labels.purchase);
    fit(s * kHeadOutputs + kHeadChurn, s, set.labels.churn);
  }
  return lines;
}

// What heads say that know the level, and how often things happen: [labels, S * kHeadOutputs].
std::vector<float> level_outputs(const FlatSet& set) {
  const std::size_t horizons = set.horizons.size(), labels = set.labels.row.size();
  std::vector<float> outputs(labels * horizons * kHeadOutputs);
  const auto know = [&](HeadOutput which, std::size_t horizon, const std::vector<float>& outcomes) {
    double yes = 0.5, no = 0.5;
    for (std::size_t at = horizon; at < outcomes.size(); at += horizons) {
      (outcomes[at] > 0 ? yes : no) += static_cast<double>(set.labels.train[at]);
    }
    const auto logit = static_cast<float>(std::log(yes / no));
    for (std::size_t l = 0; l < labels; ++l) outputs[(l * horizons + horizon) * kHeadOutputs + which] = logit;
  };
  for (std::size_t s = 0; s < horizons; ++s) {
    know(kHeadPurchase, s, set.labels.purchase);
    know(kHeadChurn, s, set.labels.churn);
  }
  return outputs;
}

NetworkWeights calibrated(NetworkWeights weights, std::span<const HeadLine> lines) {
  const std::size_t inputs = weights.head.size() / weights.head_bias.size();
  for (const auto& [output, line] : lines) {
    const auto slope = static_cast<float>(line.slope), offset = static_cast<float>(line.offset);
    for (std::size_t i = 0; i < inputs; ++i) weights.head[output * inputs + i] *= slope;
    weights.head_bias[output] = weights.head_bias[output] * slope + offset;
  }
  return weights;
}

// [labels, width], likewise.
std::vector<float> calibrated(std::vector<float> outputs, std::span<const HeadLine> lines, std::size_t width) {
  for (const auto& [output, line] : lines) {
    const auto slope = static_cast<float>(line.slope), offset = static_cast<float>(line.offset);
    for (std::size_t i = output; i < outputs.size(); i += width) outputs[i] = outputs[i] * slope + offset;
  }
  return outputs;
}

class Training {
 public:
  Training(FlatSet set, const TrainingOptions& options, const TrainingWatch& watch, NetworkWeights start)
      : set_(std::move(set)), options_(options), watch_(watch), start_(std::move(start)) {}

  Result<Trained> run(const std::optional<Checkpoint>& from) {
    begin_round();
    Trained trained;
    learner().set_outputs(level_outputs(set_));
    trained.level_loss = learner().mean_loss(Part::kValidation);
    DRIFTCAST_TRY(resume(from));
    if (!at_.refit) DRIFTCAST_TRY(first_round());
    DRIFTCAST_TRY(judge(trained));
    learn_validation_too(set_);
    begin_round();
    DRIFTCAST_TRY(second_round());
    trained.weights = calibrated(with_parameters(start_, learner().average()), lines_);
    return trained;
  }

 private:
  Learner& learner() { return epochs_->learner(); }

  void begin_round() {
    epochs_.reset();
    epochs_.emplace(set_, options_, watch_, start_);
  }

  Result<void> resume(const std::optional<Checkpoint>& from) {
    at_.parameters = at_.best = learner().parameters();
    if (!from) return {};
    DRIFTCAST_TRY(check_checkpoint(*from, at_.best.size()));
    at_ = *from;
    return {};
  }

  // The learner becomes what the checkpoint holds.
  void take_up() {
    if (at_.updates == 0) return;
    learner().set_parameters(at_.parameters);
    learner().load_moments(at_);
  }

  Result<void> first_round() {
    take_up();
    const double first = epochs_->work(), again = work_again();
    while (at_.epoch < options_.epochs && at_.epoch - at_.best_epoch < options_.patience) {
      const Stopwatch watch;
      EpochReport report{.epoch = at_.epoch + 1};
      DRIFTCAST_TRY(epochs_->learn(report.epoch));
      report.objective = learner().epoch_loss();
      at_.parameters = learner().parameters();
      learner().set_parameters(learner().average());
      DRIFTCAST_TRY(epochs_->read(Part::kValidation));
      report.validation_loss = learner().mean_loss(Part::kValidation);
      DRIFTCAST_TRY(check_loss(report, report.objective + report.validation_loss));
      at_.validation_losses.push_back(static_cast<float>(report.validation_loss));
      if (report.validation_loss < at_.best_loss) {
        at_.best_epoch = report.epoch;
        at_.best_loss = report.validation_loss;
        at_.best = learner().parameters();
      }
      learner().set_parameters(at_.parameters);
      report.best_loss = at_.best_loss;
      report.seconds = watch.seconds();
      report.seconds_left = report.seconds * (options_.epochs - report.epoch + options_.epochs * again / first);
      DRIFTCAST_TRY(keep(report));
    }
    return {};
  }

  // The best epoch's network: its probabilities are made honest, its losses taken.
  Result<void> judge(Trained& trained) {
    trained.validation_losses = at_.validation_losses;
    trained.best_epoch = at_.best_epoch;
    learner().set_parameters(at_.best);
    DRIFTCAST_TRY(epochs_->read(Part::kTrain));
    DRIFTCAST_TRY(epochs_->read(Part::kValidation));
    const std::size_t width = start_.head_bias.size();
    const std::vector<float> outputs = learner().outputs();
    lines_ = lines_of(set_, outputs, width);
    learner().set_outputs(calibrated(outputs, lines_, width));
    trained.early = calibrated(with_parameters(start_, at_.best), lines_);
    trained.train_loss = learner().mean_loss(Part::kTrain);
    trained.validation_loss = learner().mean_loss(Part::kValidation);
    return {};
  }

  Result<void> second_round() {
    if (!at_.refit) {
      at_.refit = true;
      at_.epoch = 0;
      at_.updates = 0;
    }
    take_up();
    while (at_.epoch < at_.best_epoch) {
      const Stopwatch watch;
      EpochReport report{.epoch = at_.epoch + 1, .refit = true};
      DRIFTCAST_TRY(epochs_->learn(report.epoch));
      report.objective = learner().epoch_loss();
      DRIFTCAST_TRY(check_loss(report, report.objective));
      at_.parameters = learner().parameters();
      report.seconds = watch.seconds();
      report.seconds_left = report.seconds * (at_.best_epoch - report.epoch);
      DRIFTCAST_TRY(keep(report));
    }
    return {};
  }

  // Of an epoch of the second round, in the measure of Epochs::work.
  double work_again() const {
    double work = 0;
    for (const FlatUser& user : set_.users) work += std::max(user.train_rows, user.validation_rows);
    return work;
  }

  static Result<void> check_loss(const EpochReport& report, double loss) {
    if (std::isfinite(loss)) return {};
    return error(ErrorCode::kData, "training came apart in epoch " + std::to_string(report.epoch) +
                                       ": the loss is not a number; a lower learning rate may help");
  }

  Result<void> keep(const EpochReport& report) {
    at_.epoch = report.epoch;
    learner().save_moments(at_);
    return watch_.on_epoch ? watch_.on_epoch(report, at_) : Result<void>{};
  }

  FlatSet set_;
  const TrainingOptions& options_;
  const TrainingWatch& watch_;
  const NetworkWeights start_;
  std::optional<Epochs> epochs_;  // of the round
  Checkpoint at_;
  std::vector<HeadLine> lines_;
};

}  // namespace

Result<Trained> train_network(const TrainingSet& set, const TrainingOptions& options,
                              const std::optional<Checkpoint>& from, const TrainingWatch& watch) {
  NetworkWeights start = fresh_network(options.hidden, options.layers, set.horizons, options.seed);
  DRIFTCAST_TRY(check_options(options, start));
  auto flat = flatten(set);
  if (!flat) return flat.error();
  start.purchases = flat->purchases;
  start.mean = flat->mean;
  start.scale = flat->scale;
  return Training(*std::move(flat), options, watch, std::move(start)).run(from);
}

}  // namespace driftcast
