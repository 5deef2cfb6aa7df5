#include "models/torch/training.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "models/torch/batches.h"
#include "models/torch/calibration.h"
#include "models/torch/flat_set.h"
#include "models/torch/learner.h"
#include "models/torch/stopwatch.h"

namespace driftcast {

namespace {

constexpr std::size_t kReadersAtOnce = 256;  // users of a batch where nothing is learned
constexpr double kReadingCost = 0.3;         // of a row that is read, beside one that is learned

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

class Training {
 public:
  Training(const FlatSet& set, const TrainingOptions& options, const TrainingWatch& watch, NetworkWeights start)
      : set_(set), options_(options), watch_(watch), start_(std::move(start)), learner_(set, options, start_) {
    for (const FlatUser& user : set.users) {
      work_ += user.train_rows + kReadingCost * user.validation_rows;
    }
  }

  Result<Trained> run(const std::optional<Checkpoint>& from) {
    Trained trained;
    trained.level_loss = learner_.mean_loss(Part::kValidation);
    DRIFTCAST_TRY(resume(from));
    while (at_.epoch < options_.epochs && at_.epoch - at_.best_epoch < options_.patience) DRIFTCAST_TRY(epoch());
    trained.epochs = at_.epoch;
    trained.best_epoch = at_.best_epoch;
    learner_.set_parameters(at_.best);
    DRIFTCAST_TRY(read(Part::kTrain));
    DRIFTCAST_TRY(read(Part::kValidation));
    trained.weights = calibrated(with_parameters(start_, at_.best));
    trained.train_loss = learner_.mean_loss(Part::kTrain);
    trained.validation_loss = learner_.mean_loss(Part::kValidation);
    return trained;
  }

 private:
  Result<void> resume(const std::optional<Checkpoint>& from) {
    at_.best = learner_.parameters();
    if (!from) return {};
    DRIFTCAST_TRY(check_checkpoint(*from, at_.best.size()));
    at_ = *from;
    learner_.set_parameters(at_.parameters);
    learner_.load_moments(at_);
    return {};
  }

  Result<void> epoch() {
    const Stopwatch watch;
    done_ = 0;
    EpochReport report{.epoch = at_.epoch + 1, .epochs = options_.epochs, .learning_rate = learning_rate(1)};
    DRIFTCAST_TRY(learn());
    report.train_loss = learner_.epoch_loss();
    at_.parameters = learner_.parameters();
    learner_.set_parameters(learner_.average());
    DRIFTCAST_TRY(read(Part::kValidation));
    report.validation_loss = learner_.mean_loss(Part::kValidation);
    if (!std::isfinite(report.train_loss + report.validation_loss)) {
      return error(ErrorCode::kData, "training came apart in epoch " + std::to_string(report.epoch) +
                                         ": the loss is not a number; a lower learning rate may help");
    }
    keep(report);
    report.best_loss = at_.best_loss;
    report.seconds = watch.seconds();
    return watch_.on_epoch ? watch_.on_epoch(report, at_) : Result<void>{};
  }

  // Falls along half a cosine; `share` of the epoch under way is done.
  double learning_rate(double share) const {
    const double done = (at_.epoch + share) / options_.epochs;
    return options_.least_learning_rate +
           (options_.learning_rate - options_.least_learning_rate) * (1 + std::cos(std::numbers::pi * done)) / 2;
  }

  Result<void> learn() {
    const auto stream = static_cast<std::uint64_t>(at_.epoch) + 1;
    Chance chance(options_.seed, stream);
    learner_.begin_epoch(options_.seed + stream);
    const auto rows = static_cast<std::size_t>(options_.chunk);
    const auto batches = shuffled_batches(set_, static_cast<std::size_t>(options_.batch), rows, chance);
    std::size_t count = 0;
    for (const Batch& batch : batches) count += (steps_of(set_, batch, Part::kTrain) + rows - 1) / rows;
    const auto chunks = static_cast<double>(count);
    double learned = 0;
    for (const Batch& batch : batches) {
      learner_.begin_batch(batch.size());
      for (std::size_t step = 0; step < steps_of(set_, batch, Part::kTrain); step += rows) {
        DRIFTCAST_TRY(go_on());
        Chunk chunk = chunk_of(set_, batch, Part::kTrain, step, rows);
        for (float& keep : chunk.keep) keep = chance.happens(options_.fresh_starts) ? 0.0F : 1.0F;
        learner_.learn(chunk, learning_rate(learned / chunks), set_.train_labels / chunks);
        learned += 1;
        progress(chunk, 1);
      }
    }
    return {};
  }

  Result<void> read(Part part) {
    const auto rows = static_cast<std::size_t>(options_.chunk);
    for (const Batch& batch : batches_by_length(set_, part, kReadersAtOnce)) {
      learner_.begin_batch(batch.size());
      for (std::size_t step = 0; step < steps_of(set_, batch, part); step += rows) {
        DRIFTCAST_TRY(go_on());
        const Chunk chunk = chunk_of(set_, batch, part, step, rows);
        learner_.read(chunk);
        progress(chunk, kReadingCost);
      }
    }
    return {};
  }

  Result<void> go_on() const {
    if (watch_.stop == nullptr || !watch_.stop->load(std::memory_order_relaxed)) return {};
    return error(ErrorCode::kRestart, "training was stopped after epoch " + std::to_string(at_.epoch));
  }

  void progress(const Chunk& chunk, double cost_of_row) {
    done_ += cost_of_row * static_cast<double>(chunk.real_rows);
    if (watch_.on_progress) watch_.on_progress(std::min(1.0, done_ / work_));
  }

  void keep(const EpochReport& report) {
    at_.epoch = report.epoch;
    learner_.save_moments(at_);
    if (report.validation_loss < at_.best_loss) {
      at_.best_epoch = report.epoch;
      at_.best_loss = report.validation_loss;
      at_.best = learner_.parameters();
    }
    learner_.set_parameters(at_.parameters);
  }

  // Of the outputs of the best epoch: the lines go into the heads, and into the outputs.
  NetworkWeights calibrated(NetworkWeights weights) {
    std::vector<float> outputs = learner_.outputs();
    for (std::size_t s = 0; s < set_.horizons.size(); ++s) {
      if (set_.purchases) calibrate(s * kHeadOutputs + kHeadPurchase, s, set_.labels.purchase, weights, outputs);
      calibrate(s * kHeadOutputs + kHeadChurn, s, set_.labels.churn, weights, outputs);
    }
    learner_.set_outputs(outputs);
    return weights;
  }

  void calibrate(std::size_t output, std::size_t horizon, const std::vector<float>& outcomes, NetworkWeights& weights,
                 std::vector<float>& outputs) const {
    const std::size_t width = weights.head_bias.size();
    std::vector<float> logits, happened;
    for (std::size_t label = 0; label < set_.labels.row.size(); ++label) {
      const std::size_t here = label * set_.horizons.size() + horizon;
      if (set_.labels.validation[here] == 0) continue;
      logits.push_back(outputs[label * width + output]);
      happened.push_back(outcomes[here]);
    }
    const Calibration line = fit_calibration(logits, happened);
    const auto slope = static_cast<float>(line.slope), offset = static_cast<float>(line.offset);
    const std::size_t inputs = weights.head.size() / width;
    for (std::size_t i = 0; i < inputs; ++i) weights.head[output * inputs + i] *= slope;
    weights.head_bias[output] = weights.head_bias[output] * slope + offset;
    for (std::size_t i = output; i < outputs.size(); i += width) outputs[i] = outputs[i] * slope + offset;
  }

  const FlatSet& set_;
  const TrainingOptions& options_;
  const TrainingWatch& watch_;
  const NetworkWeights start_;
  Learner learner_;
  Checkpoint at_;
  double work_ = 0, done_ = 0;  // of an epoch, in rows that are learned
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
  return Training(*flat, options, watch, std::move(start)).run(from);
}

}  // namespace driftcast
