// The trainer's seam: what a network learns from, how, and what is told on the way. Plain; the trainer itself needs
// LibTorch and lives in models/torch/, out of the programs that serve.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/features.h"
#include "core/result.h"
#include "core/step_closed.h"
#include "models/network_weights.h"

namespace driftcast {

// Where the outcome of a forecast falls: known before the end of a part of the data, and made after the part before.
enum class Part : std::uint8_t { kNone, kTrain, kValidation, kTest };

// The outcomes of the forecasts made after one row.
struct TrainingLabel {
  std::uint32_t row = 0;                      // index into the user's rows
  std::array<Part, kHorizonSlots> part{};     // of each horizon; kNone: learns nothing
  std::array<float, kHorizonSlots> volume{};  // events in the horizon
  std::array<bool, kHorizonSlots> purchase{}, churn{};
  std::array<float, kRankSlots + 1> shares{};  // as fold ranked them, the rest last
  std::array<std::array<float, kRankSlots + 1>, kHorizonSlots>
      slot_events{};  // events of each rank slot in the horizon
};

struct TrainingUser {
  std::vector<FeatureRow> rows;       // oldest first, rounded as they are stored
  std::vector<TrainingLabel> labels;  // by row, at most one for each
};

struct TrainingSet {
  std::vector<int> horizons;
  bool purchases = false;  // the data has any
  std::vector<TrainingUser> users;
};

struct TrainingOptions {
  std::size_t hidden = 128, layers = 2;
  int epochs = 60;    // at most
  int patience = 10;  // epochs without a better validation loss after which training stops
  int batch = 64;     // users side by side
  int chunk = 32;     // rows after which back-propagation is cut
  double learning_rate = 1e-3, least_learning_rate = 1e-5;
  double weight_decay = 1e-2;
  double dropout = 0.3;        // between layers and before the heads
  double gradient_norm = 1;    // largest
  double averaging = 0.995;    // of the parameters over updates: what is judged and kept is the average
  double fresh_starts = 0.15;  // chance that a user's chunk begins from an empty state
  std::uint64_t seed = 1;
  std::string device = "cpu";  // or cuda
};

// Everything a training that was interrupted needs to go on to the same result. Vectors are flat, in the trainer's own
// order of parameters.
struct Checkpoint {
  bool refit = false;  // the second round is under way: all but what is best, and the losses, is its own
  int epoch = 0;       // epochs done in the round
  int best_epoch = 0;
  double best_loss = std::numeric_limits<double>::infinity();
  std::int64_t updates = 0;              // of the optimiser
  std::vector<float> validation_losses;  // of the first round's epochs
  std::vector<float> parameters, average, best, first_moment, second_moment;
};

struct EpochReport {
  int epoch = 0;
  bool refit = false;  // of the second round, which has no validation part
  // What was minimised, mean per label: rare outcomes weigh more than in a loss, and volume twice.
  double objective = 0;
  double validation_loss = 0, best_loss = 0;  // mean per label
  double seconds = 0, seconds_left = 0;       // left: at most, of the whole training
};

struct TrainingWatch {
  std::function<void(double share)> on_progress;                                // of the epoch under way, in [0, 1]
  std::function<Result<void>(const EpochReport&, const Checkpoint&)> on_epoch;  // an error ends the training
  const std::atomic<bool>* stop = nullptr;  // true: end with kRestart as soon as possible
};

// Training goes in two rounds: until the validation part says stop, and once more with what that part can teach.
struct Trained {
  NetworkWeights early;    // of the first round's best epoch: what it says of the validation part is honest
  NetworkWeights weights;  // of the second round: to serve
  // All of the first round:
  int best_epoch = 0;
  std::vector<float> validation_losses;  // by epoch
  // Mean per label, of the best epoch, its probabilities made honest. level_loss: of the validation part where the level
  // goes on and everybody has the chances that the training part had.
  double train_loss = 0, validation_loss = 0, level_loss = 0;

  int epochs() const { return static_cast<int>(validation_losses.size()); }
};

}  // namespace driftcast
