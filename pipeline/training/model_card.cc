#include "pipeline/training/model_card.h"

#include <fmt/format.h>

#include "pipeline/json_text.h"

namespace driftcast {
namespace {

std::string quoted(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

std::string data_json(const TrainingReport& report, const TrainingRowsKept& rows) {
  const auto day = [&](Step step) { return quoted(step_text(report.grid, step)); };
  return fmt::format(
      R"({{"source":{},"first":{},"train_last":{},"validation_last":{},"last":{},"events":{},"users":{},"rows":{},"users_kept":{:.6g}}})",
      quoted(report.data), day(report.first), day(report.split.train_last), day(report.split.validation_last),
      day(report.split.last), report.events, report.users, rows.rows, rows.kept);
}

std::string options_json(const TrainingOptions& options) {
  return fmt::format(
      R"({{"seed":{},"epochs":{},"patience":{},"batch":{},"chunk":{},"learning_rate":{:.6g},"weight_decay":{:.6g},"dropout":{:.6g},"fresh_starts":{:.6g},"device":{}}})",
      options.seed, options.epochs, options.patience, options.batch, options.chunk, options.learning_rate,
      options.weight_decay, options.dropout, options.fresh_starts, quoted(options.device));
}

}  // namespace

std::string model_card(const TrainJob& job, const TrainingReport& report, const TrainingRowsKept& rows,
                       const std::string& library) {
  return fmt::format(R"({{"command":{},"note":{},"library":{},"data":{},"options":{},"metrics":{}}})",
                     quoted(job.command), quoted(job.note), quoted(library), data_json(report, rows),
                     options_json(job.training), training_card_json(report));
}

}  // namespace driftcast
