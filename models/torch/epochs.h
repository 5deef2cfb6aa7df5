// Epochs: a learner's passes over a training set, chunk by chunk, with progress told and a way to stop.
#pragma once

#include "core/result.h"
#include "models/torch/batches.h"
#include "models/torch/flat_set.h"
#include "models/torch/learner.h"
#include "models/trainer.h"

namespace driftcast {

class Epochs {
 public:
  // All of them outlive it.
  Epochs(const FlatSet& set, const TrainingOptions& options, const TrainingWatch& watch, const NetworkWeights& start)
      : set_(set), options_(options), watch_(watch), learner_(set, options, start), work_(work_of(set)) {}

  Learner& learner() { return learner_; }

  // What an epoch costs, in rows that are learned: all of the training part's, and reading the validation part's.
  double work() const { return work_; }

  // Learns the training part once, as the epoch of that number, from 1. The learning rate falls along half a cosine
  // over options.epochs. kRestart: stopped.
  Result<void> learn(int epoch);

  // Keeps the learner's outputs for the labels of the part.
  Result<void> read(Part part);

 private:
  static double work_of(const FlatSet& set);
  double learning_rate(double epochs_done) const;
  Result<void> go_on() const;
  void progress(const Chunk& chunk, double cost_of_row);

  const FlatSet& set_;
  const TrainingOptions& options_;
  const TrainingWatch& watch_;
  Learner learner_;
  const double work_;
  double done_ = 0;  // of the epoch's work
};

}  // namespace driftcast
