#include "pipeline/commands/training_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <string>

#include "pipeline/commands/logging.h"

namespace driftcast {

TrainingProgress::TrainingProgress() : rewrites_(::isatty(STDERR_FILENO) == 1 && !logs_json()) {}

TrainWatch TrainingProgress::watch(const std::atomic<bool>& stop) {
  return {[this](std::string_view what) { phase(what); }, [this](const EpochReport& report) { epoch(report); },
          [this](double done) { share(done); }, stop};
}

void TrainingProgress::events(const Progress& progress) {
  if (events_) events_->show(progress);
}

void TrainingProgress::finish() {
  if (events_) events_->finish();
  if (open_) fmt::print(stderr, "\r\x1b[K");
  open_ = false;
}

void TrainingProgress::phase(std::string_view what) {
  finish();
  fmt::print(stderr, "{}\n", what);
  events_.emplace();
}

void TrainingProgress::epoch(const EpochReport& report) {
  finish();
  const std::string validation = report.refit
                                     ? " with the validation part"
                                     : fmt::format(", validation loss {:.4f}{}", report.validation_loss,
                                                   report.validation_loss <= report.best_loss ? " (best)" : "");
  fmt::print(stderr, "  epoch {:>3}: objective {:.4f}{}, {:.0f} s, at most {:.0f} s left\n", report.epoch,
             report.objective, validation, report.seconds, report.seconds_left);
}

void TrainingProgress::share(double share) {
  if (!rewrites_) return;
  fmt::print(stderr, "\r\x1b[K  {:.0f} % of the epoch", 100 * share);
  open_ = true;
}

}  // namespace driftcast
