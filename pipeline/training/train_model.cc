#include "pipeline/training/train_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "config/fields.h"
#include "config/files.h"
#include "config/model_directory.h"
#include "core/hash.h"
#include "models/cpu_network.h"
#include "pipeline/evaluation/prior_fit.h"
#include "pipeline/training/checkpoint_file.h"
#include "pipeline/training/model_card.h"
#include "pipeline/training/training_rows.h"

namespace driftcast {
namespace {

constexpr std::uint64_t kBootstrapSeed = 1;
constexpr float kNetworkShare = 0.9F;  // of the joint weights, before any label has said how good the network is

// Gives the network its share of the joint weights; the others keep theirs of the rest.
void lean_on_network(ModelSet& models) {
  for (ModelSet::Segment& segment : models.segments) {
    for (ExpertForecasts& weights : segment.weights) {
      float others = 0;
      for (std::size_t k = 0; k < kExperts; ++k) others += k == kNetworkIndex ? 0 : weights[k];
      for (std::size_t k = 0; k < kExperts; ++k) {
        weights[k] = k == kNetworkIndex ? kNetworkShare : (1 - kNetworkShare) * weights[k] / others;
      }
    }
  }
}

template <class Numbers>
std::uint64_t hash_of_bytes(const Numbers& numbers) {
  return hash64({reinterpret_cast<const char*>(std::data(numbers)), std::size(numbers) * sizeof(*std::data(numbers))});
}

// Of all that a user teaches.
std::uint64_t digest_of(const TrainingUser& user) {
  std::string text = fmt::format("{}", hash_of_bytes(user.rows));
  for (const TrainingLabel& label : user.labels) {
    text += fmt::format(" {} {} {} {} {} {} {}", label.row, hash_of_bytes(label.part), hash_of_bytes(label.volume),
                        hash_of_bytes(label.purchase), hash_of_bytes(label.churn), hash_of_bytes(label.shares),
                        hash_of_bytes(label.slot_events));
  }
  return hash64(text);
}

Error stopped(const std::string& what) {
  return error(ErrorCode::kRestart, what + "; the same command goes on from there");
}

// What cannot be learned from, if there is any.
std::string late_text(const Summary& summary) {
  const std::int64_t late = summary.of(Counter::kLate), unusable = summary.of(Counter::kDeadLetter);
  if (late + unusable == 0) return {};
  return fmt::format("\n({} more events were late, and {} were no events)", late, unusable);
}

// How far the events reach, in steps.
class Reach final : public Observer {
 public:
  void accepted(const Event&, Step step) override {
    first = std::min(first, step);
    last = std::max(last, step);
  }
  void judged(const StepClosed&, std::span<const Matured>, const std::optional<Forecast>&) override {}

  Step first = std::numeric_limits<Step>::max(), last = std::numeric_limits<Step>::min();
};

class Training {
 public:
  Training(const TrainJob& job, TorchLibrary& library, const TrainWatch& watch)
      : job_(job), library_(library), watch_(watch), settings_(job.settings) {
    settings_.pipeline.threads = 1;
    settings_.pipeline.emit = {false, false, false};
    settings_.operators.models = true;
    settings_.state.dir.clear();
    report_.model = job.id;
    report_.data = job.data;
    report_.grid = settings_.operators.time.step;
  }

  Result<TrainingReport> run() {
    DRIFTCAST_TRY(may_write_model(job_.out));
    DRIFTCAST_TRY(make_directory(job_.out));
    DRIFTCAST_TRY(scan());
    DRIFTCAST_TRY(fit_priors());
    DRIFTCAST_TRY(train_network());
    DRIFTCAST_TRY(fit_weights());
    DRIFTCAST_TRY(score());
    DRIFTCAST_TRY(write());
    return report_;
  }

 private:
  std::string checkpoint() const { return job_.out + "/checkpoint.safetensors"; }

  std::string card() const { return model_card(job_, report_, card_, "LibTorch " + library_.version()); }

  // A pass over the events through the stages.
  Result<Summary> pass(std::string_view phase, const ModelSet& models, Observer& observer) {
    watch_.on_phase(phase);
    auto summary = job_.pass(settings_, models, observer);
    if (summary && watch_.stop) return stopped("stopped");
    return summary;
  }

  Result<void> scan() {
    Reach reach;
    auto summary = pass("reading the events", default_models(), reach);
    if (!summary) return summary.error();
    if (reach.last < reach.first) {
      return error(ErrorCode::kData, "there is no event in " + job_.data + " that could be used");
    }
    const auto steps = static_cast<double>(reach.last - reach.first + 1);
    report_.first = reach.first;
    report_.split.last = reach.last;
    report_.split.train_last = reach.first + static_cast<Step>(steps * job_.train_share) - 1;
    report_.split.validation_last =
        reach.first + static_cast<Step>(steps * (job_.train_share + job_.validation_share)) - 1;
    report_.events = summary->of(Counter::kProcessed);
    report_.users = summary->of(Counter::kUsers);
    const int horizon = settings_.operators.horizons.front();
    const Step shortest =
        std::min({report_.split.train_last - report_.first, report_.split.validation_last - report_.split.train_last,
                  report_.split.last - report_.split.validation_last});
    if (shortest > horizon) return {};
    return error(ErrorCode::kData,
                 fmt::format("the events reach over {:.0f} steps, of which the shortest of the three parts (training, "
                             "validation, test) gets {}: too few to see what becomes of a forecast of {} steps",
                             steps, shortest, horizon) +
                     where_split() + late_text(*summary));
  }

  // Where the events lie, for those who wonder why there is too little.
  std::string where_split() const {
    return fmt::format("\n({} events of {} users: {} to {}; training until {}, validation until {})", report_.events,
                       report_.users, step_text(report_.grid, report_.first),
                       step_text(report_.grid, report_.split.last), step_text(report_.grid, report_.split.train_last),
                       step_text(report_.grid, report_.split.validation_last));
  }

  Result<void> fit_priors() {
    PriorFit fit(default_models(), std::numeric_limits<Step>::min(), report_.split.train_last);
    auto summary = pass("fitting the segments' priors", default_models(), fit);
    if (!summary) return summary.error();
    files_.models = fit.fitted();
    files_.models.id = job_.id;
    seal(files_.models);
    priors_ = files_.models;
    files_.step_ms = report_.grid.width.count();
    files_.card = card();
    return check_model(job_.out, files_);
  }

  Result<TrainingSet> gather() {
    TrainingRows rows(settings_.operators, job_.most_rows);
    auto summary = pass("gathering feature rows", files_.models, rows);
    if (!summary) return summary.error();
    card_.rows = rows.rows();
    card_.kept = rows.kept();
    return rows.take(report_.split);
  }

  // Of everything that makes this training what it is.
  std::uint64_t identity(const TrainingSet& set) const {
    const TrainingOptions& options = job_.training;
    std::string text =
        fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {}|{} {} {} {} {}|{} {} {}", options.hidden,
                    options.layers, options.epochs, options.patience, options.batch, options.chunk,
                    options.learning_rate, options.least_learning_rate, options.weight_decay, options.dropout,
                    options.averaging, options.gradient_norm, options.fresh_starts, options.seed, options.device,
                    report_.first, report_.split.train_last, report_.split.validation_last, report_.split.last,
                    report_.events, files_.models.hash, output_hash(settings_), set.users.size());
    for (const TrainingUser& user : set.users) text += fmt::format(" {}/{:x}", user.rows.size(), digest_of(user));
    return hash64(text);
  }

  Result<void> train_network() {
    const auto set = gather();
    if (!set) return set.error();
    const std::uint64_t training = identity(*set);
    std::optional<Checkpoint> from;
    if (!job_.restart) {
      auto found = read_checkpoint(checkpoint(), training);
      if (!found) return found.error();
      from = *std::move(found);
    }
    watch_.on_phase(from ? "training the network, from where it was interrupted" : "training the network");
    TrainingWatch watch;
    watch.on_progress = watch_.on_share;
    watch.stop = &watch_.stop;
    watch.on_epoch = [&](const EpochReport& epoch, const Checkpoint& now) {
      watch_.on_epoch(epoch);
      return write_checkpoint(checkpoint(), now, training);
    };
    auto trained = library_.train(*set, job_.training, from, watch);
    if (!trained && trained.error().code == ErrorCode::kRestart) return stopped(trained.error().message);
    if (!trained) return error(trained.error().code, trained.error().message + where_split());
    files_.network = std::move(trained->weights);
    early_ = std::move(trained->early);
    report_.best_epoch = trained->best_epoch;
    report_.validation_losses = std::move(trained->validation_losses);
    report_.train_loss = trained->train_loss;
    report_.validation_loss = trained->validation_loss;
    report_.level_loss = trained->level_loss;
    const std::vector<int>& horizons = settings_.operators.horizons;
    report_.unlearned.assign(horizons.begin() + static_cast<std::ptrdiff_t>(set->horizons.size()), horizons.end());
    report_.network = fmt::format("LSTM, {} layers of {}", files_.network->layers.size(), files_.network->hidden);
    return {};
  }

  // The models as they would serve, with this network.
  Result<ModelSet> serving(const NetworkWeights& weights) const {
    auto network = cpu_network(weights, settings_.operators.horizons);
    if (!network) return network.error();
    return with_network(files_.models, *std::move(network), hash_of(weights));
  }

  Result<void> fit_weights() {
    lean_on_network(files_.models);
    const auto models = serving(early_);
    if (!models) return models.error();
    PriorFit fit(*models, report_.split.train_last, report_.split.validation_last);
    auto summary = pass("fitting the joint weights", *models, fit);
    if (!summary) return summary.error();
    files_.models.segments = fit.with_weights(priors_).segments;
    return {};
  }

  Result<ModelResult> scores_of(std::string_view phase, const ModelSet& models) {
    ModelScores scores(settings_.operators.horizons, models, report_.split);
    auto summary = pass(phase, models, scores);
    if (!summary) return summary.error();
    return scores.finish();
  }

  Result<void> score() {
    const auto models = serving(*files_.network);
    if (!models) return models.error();
    auto with = scores_of("scoring the model on the test part", *models);
    if (!with) return with.error();
    auto without = scores_of("scoring it without its network", priors_);
    if (!without) return without.error();
    const JointRatios ratios = joint_ratios(*with, *without, kBootstrapSeed);
    report_.rmse_ratio = ratios.rmse;
    report_.log_score_ratio = ratios.log_score;
    report_.to_best = joint_to_best(with->users, kBootstrapSeed);
    report_.result = *std::move(with);
    report_.without = std::move(without->volume);
    return {};
  }

  Result<void> write() {
    files_.card = card();
    DRIFTCAST_TRY(write_model(job_.out, files_));
    DRIFTCAST_TRY(replace_file(job_.out + "/report.html", training_html(report_)));
    std::error_code ignored;
    std::filesystem::remove(checkpoint(), ignored);
    return {};
  }

  const TrainJob& job_;
  TorchLibrary& library_;
  const TrainWatch& watch_;
  Settings settings_;
  ModelSet priors_;       // with joint weights of the time before there was a network
  NetworkWeights early_;  // the network before it learned from the validation part
  ModelFiles files_;
  TrainingRowsKept card_;
  TrainingReport report_;
};

}  // namespace

Result<TrainingReport> train_model(const TrainJob& job, TorchLibrary& library, const TrainWatch& watch) {
  return Training(job, library, watch).run();
}

}  // namespace driftcast
