// Learner: a network while it learns: its parameters, AdamW's moments and the states of a batch, on one device.
//
// Loss, per label and horizon, of the outputs that models/network_heads.h explains:
//
//   volume      negative log likelihood of the events under the negative binomial; in training the mean is learned with
//               the dispersion as it is, within bounds, and the dispersion with the mean as it is: a mean that may buy
//               itself a wider distribution comes out too low (Wedderburn, "Quasi-likelihood functions", 1974)
//   shares      cross entropy of the horizon's events, times log1p(events)
//   purchase, churn   twice the log loss of a yes-or-no outcome each; purchase only where the data has purchases
//
// A pass's losses are divided by the same number, not each chunk's by its own, so that labels weigh the same. Rare
// outcomes weigh more in training, and the logit is moved by the logarithm of that weight meanwhile, so that what is
// learned stays a probability (Elkan, "The foundations of cost-sensitive learning", 2001).
//
// AdamW: Loshchilov, Hutter, "Decoupled weight decay regularization" (2019); biases do not decay. Averaging: Polyak, Juditsky,
// "Acceleration of stochastic approximation by averaging" (1992), exponentially, its start unbiased as Adam's moments. LibTorch's exceptions
// pass through. Not for use by several threads.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "models/network_weights.h"
#include "models/torch/batches.h"
#include "models/torch/flat_set.h"
#include "models/trainer.h"

namespace driftcast {

// In order: each layer's input, recurrent and bias; head; head_bias.
std::vector<float> parameters_of(const NetworkWeights& weights);
NetworkWeights with_parameters(NetworkWeights sizes, std::span<const float> parameters);

class Learner {
 public:
  Learner(const FlatSet& set, const TrainingOptions& options, const NetworkWeights& start);
  ~Learner();
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  std::vector<float> parameters() const;
  std::vector<float> average() const;  // of the parameters over the updates, recent ones weighing more
  void set_parameters(std::span<const float> parameters);
  void save_moments(Checkpoint& to) const;  // and the average, and the number of updates
  void load_moments(const Checkpoint& from);

  // Seeds dropout, and starts to count the loss.
  void begin_epoch(std::uint64_t seed);

  // A batch of so many users begins, from empty states.
  void begin_batch(std::size_t users);

  // One update by a chunk of training rows, which follows the chunk before. Its loss is divided by `labels`.
  void learn(const Chunk& chunk, double learning_rate, double labels);

  // Mean loss per label and horizon since begin_epoch.
  double epoch_loss() const;

  // As learn, but nothing is learned and nothing dropped: keeps the outputs for the chunk's labels.
  void read(const Chunk& chunk);

  // Of the outputs kept by read (zero where there are none), without weights: mean per label and horizon of the part.
  double mean_loss(Part part) const;

  // [L, S * kHeadOutputs]: what read kept.
  std::vector<float> outputs() const;
  void set_outputs(std::span<const float> outputs);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace driftcast
