// Training a model directory from recorded events, in passes over them all through the stages that serve:
//
//   1  scan     how long the events reach, to split them in time
//   2  priors   segments' priors from the training part (pipeline/evaluation/prior_fit.h)
//   3  rows     feature rows under these priors, and what came of each forecast: the network's training set
//      network  epochs, stopped early by the validation part, and then as many once more, from the start, with what
//               that part can teach; after each a checkpoint in the directory
//   4  weights  the joint weights, the network's among them, from forecasts of the validation part by the network that
//               has not learned from it
//   5  scores   the finished model on the test part, and the same without its network
//
// No part learns of outcomes that lie in a later one. Interrupted, it goes on from its checkpoint to the same result.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "core/result.h"
#include "models/torch_library.h"
#include "models/trainer.h"
#include "pipeline/evaluation/training_report.h"
#include "pipeline/run.h"

namespace driftcast {

struct TrainJob {
  // Runs once over all events, through the stages.
  using Pass = std::function<Result<Summary>(const Settings&, const ModelSet&, Observer&)>;

  Settings settings;  // of the stages
  Pass pass;
  std::string data;     // where the events come from, for the report and the card
  std::string out;      // model directory
  std::string id;       // of the model
  std::string command;  // that does it again, for the card
  std::string note;     // for the card, too
  TrainingOptions training;
  double train_share = 0.6, validation_share = 0.2;  // of the time; the rest is for the test
  std::size_t most_rows = 2'000'000;
  bool restart = false;  // from the first epoch, whatever checkpoint there is
};

struct TrainWatch {
  std::function<void(std::string_view)> on_phase;  // begins, in words
  std::function<void(const EpochReport&)> on_epoch;
  std::function<void(double)> on_share;  // of the epoch under way
  const std::atomic<bool>& stop;
};

// Writes model.json, weights.safetensors and report.html into `out`. kRestart: it was stopped; the same call goes on.
// kData: there is too little to learn from. kCannotCreate: something else is in the way there.
Result<TrainingReport> train_model(const TrainJob& job, TorchLibrary& library, const TrainWatch& watch);

}  // namespace driftcast
