#include "models/torch/epochs.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace driftcast {

namespace {

constexpr std::size_t kReadersAtOnce = 256;  // users of a batch where nothing is learned
constexpr double kReadingCost = 0.3;         // of a row that is read, beside one that is learned

}  // namespace

double Epochs::work_of(const FlatSet& set) {
  double work = 0;
  for (const FlatUser& user : set.users) work += user.train_rows + kReadingCost * user.validation_rows;
  return work;
}

Result<void> Epochs::learn(int epoch) {
  done_ = 0;
  const auto stream = static_cast<std::uint64_t>(epoch);
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
      learner_.learn(chunk, learning_rate(epoch - 1 + learned / chunks), set_.train_labels / chunks);
      learned += 1;
      progress(chunk, 1);
    }
  }
  return {};
}

Result<void> Epochs::read(Part part) {
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

double Epochs::learning_rate(double epochs_done) const {
  const double least = options_.least_learning_rate;
  return least +
         (options_.learning_rate - least) * (1 + std::cos(std::numbers::pi * epochs_done / options_.epochs)) / 2;
}

Result<void> Epochs::go_on() const {
  if (watch_.stop == nullptr || !watch_.stop->load(std::memory_order_relaxed)) return {};
  return error(ErrorCode::kRestart, "training was stopped");
}

void Epochs::progress(const Chunk& chunk, double cost_of_row) {
  done_ += cost_of_row * static_cast<double>(chunk.real_rows);
  if (watch_.on_progress) watch_.on_progress(std::min(1.0, done_ / work_));
}

}  // namespace driftcast
