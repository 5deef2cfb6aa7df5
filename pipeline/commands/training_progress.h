// Progress of a training on standard error: what it is about, a line of progress for the passes over the events, a line
// for each epoch with an estimate of what is left.
#pragma once

#include <atomic>

#include "pipeline/commands/cli.h"
#include "pipeline/training/train_model.h"

namespace driftcast {

class TrainingProgress {
 public:
  TrainingProgress();

  // Borrows this.
  TrainWatch watch(const std::atomic<bool>& stop);
  void events(const Progress& progress);  // of a pass over them
  void finish();

 private:
  void phase(std::string_view what);
  void epoch(const EpochReport& report);
  void share(double share);

  bool rewrites_;  // the last line, on a terminal
  bool open_ = false;
  std::optional<ProgressLine> events_;
};

}  // namespace driftcast
