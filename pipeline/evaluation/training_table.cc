// A training report as text and as JSON, and what all its forms share.
#include <fmt/format.h>

#include <array>

#include "pipeline/evaluation/training_report.h"
#include "pipeline/terminal.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

std::string outcome_row(std::string_view name, const OutcomeScores& scores) {
  const ThresholdScore& best = scores.at_best;
  return fmt::format("  {:<17}{:>7}{:>8.4f}{:>9.4f}{:>8.4f}{:>10.3f}{:>7.3f}{:>10.3f}{:>8.3f}{:>9.3f}\n", name,
                     scores.auc ? fmt::format("{:.3f}", *scores.auc) : "-", scores.brier, scores.log_loss,
                     scores.calibration_error, best.threshold, best.f1, best.precision, best.recall, best.accuracy);
}

std::string outcome_rows(const BesideBaseline& scores, std::string_view among) {
  if (scores.network.count == 0) return {};
  return outcome_row(fmt::format("network{}", among), scores.network) +
         outcome_row(fmt::format("baseline{}", among), scores.baseline);
}

std::string probability_rows(std::string_view what, int horizon, const ProbabilityScores::Strata& scores) {
  const OutcomeScores& network = scores.all.network;
  if (network.count == 0) return {};
  std::string text = fmt::format(
      "{} within {} steps: {} of {} forecasts ({:.2f} %)\n  {:<17}{:>7}{:>8}{:>9}{:>8}{:>10}{:>7}{:>10}{:>8}{:>9}\n",
      what, horizon, network.positives, network.count, 100 * network.base_rate, "", "AUC", "Brier", "log loss", "ECE",
      "threshold", "F1", "precision", "recall", "accuracy");
  text += outcome_rows(scores.all, "");
  for (std::size_t k = kStrata; k-- > 0;) text += outcome_rows(scores.each[k], fmt::format(", {}", kStratumNames[k]));
  return text;
}

std::string volume_rows(const TrainingReport& report, std::size_t slot, std::size_t stratum) {
  const std::vector<VolumeColumn> columns = volume_columns(report, slot, stratum);
  if (columns.empty()) return {};
  std::string text =
      fmt::format("{} steps, {} users, {} forecasts\n  {:<20}{:>10}{:>10}{:>11}\n", report.result.volume.horizons[slot],
                  kStratumNames[stratum], columns.back().score->count, "", "MAE", "RMSE", "log score");
  for (const VolumeColumn& column : columns) {
    text += fmt::format("  {:<20}{:>10.4f}{:>10.4f}{:>11.4f}\n", column.name, column.score->mae(), column.score->rmse(),
                        column.score->mean_log_score());
  }
  return text;
}

std::string ratio_row(std::string_view score, const std::optional<RatioInterval>& ratio) {
  if (!ratio) return {};
  return fmt::format("joint with / without the network, {}: {:.4f} (95 %: {:.4f} to {:.4f})\n", score, ratio->ratio,
                     ratio->low, ratio->high);
}

std::string best_part_rows(const TrainingReport& report) {
  if (report.to_best.empty()) return {};
  std::string text = fmt::format("joint / best of its parts, {} steps (95 %)\n  {:<10}{:<40}{}\n",
                                 report.result.volume.horizons.at(0), "", "RMSE", "log score");
  for (const JointToBest& row : report.to_best) {
    text += fmt::format("  {:<10}{:<40}{}\n", row.stratum, best_part_text(row.rmse), best_part_text(row.log_score));
  }
  return text;
}

std::string threshold_json(const ThresholdScore& score) {
  return fmt::format(R"({{"threshold":{:.6g},"f1":{:.6g},"precision":{:.6g},"recall":{:.6g},"accuracy":{:.6g}}})",
                     score.threshold, score.f1, score.precision, score.recall, score.accuracy);
}

// The members of an object.
std::string outcome_members(const OutcomeScores& scores) {
  std::string text = scores.auc ? fmt::format(R"("auc":{:.6g},)", *scores.auc) : std::string();
  return text + fmt::format(R"("brier":{:.6g},"log_loss":{:.6g},"ece":{:.6g},"at_half":{},"at_best":{})", scores.brier,
                            scores.log_loss, scores.calibration_error, threshold_json(scores.at_half),
                            threshold_json(scores.at_best));
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

// The members of an object.
std::string beside_members(const BesideBaseline& scores) {
  return fmt::format(R"("forecasts":{},"base_rate":{:.6g},{},"baseline":{{{}}})", scores.network.count,
                     scores.network.base_rate, outcome_members(scores.network), outcome_members(scores.baseline));
}

std::string outcome_json(int horizon, const ProbabilityScores::Strata& scores) {
  std::vector<std::string> strata;
  for (std::size_t k = kStrata; k-- > 0;) {
    if (scores.each[k].network.count == 0) continue;
    strata.push_back(fmt::format(R"({{"stratum":"{}",{}}})", kStratumNames[k], beside_members(scores.each[k])));
  }
  return fmt::format(R"({{"horizon":{},{},"strata":[{}]}})", horizon, beside_members(scores.all), joined(strata));
}

std::string volume_json(const TrainingReport& report, std::size_t slot, std::size_t stratum) {
  const std::vector<VolumeColumn> columns = volume_columns(report, slot, stratum);
  if (columns.empty()) return {};
  std::vector<std::string> items;
  for (const VolumeColumn& column : columns) {
    items.push_back(fmt::format(R"("{}":{{"mae":{:.6g},"rmse":{:.6g},"log_score":{:.6g}}})", column.name,
                                column.score->mae(), column.score->rmse(), column.score->mean_log_score()));
  }
  return fmt::format(R"({{"horizon":{},"stratum":"{}","forecasts":{},"columns":{{{}}}}})",
                     report.result.volume.horizons[slot], kStratumNames[stratum], columns.back().score->count,
                     joined(items));
}

std::string ratio_json(std::string_view name, const std::optional<RatioInterval>& ratio) {
  if (!ratio) return {};
  return fmt::format(R"("{}":{{"ratio":{:.6g},"low":{:.6g},"high":{:.6g}}})", name, ratio->ratio, ratio->low,
                     ratio->high);
}

// How well the network learned, and what it did not.
std::string learned_rows(const TrainingReport& report) {
  if (report.validation_losses.empty()) return {};
  std::string text =
      fmt::format("best epoch {} of {}: validation loss {:.4f}, of the level alone {:.4f}\n", report.best_epoch,
                  report.validation_losses.size(), report.validation_loss, report.level_loss);
  if (report.validation_loss >= report.level_loss) {
    text +=
        "WARNING: the network is no better than the level alone. Give it more events or --epochs, or a lower\n"
        "--learning-rate, and do not use this model\n";
  }
  for (const int horizon : report.unlearned) {
    text += fmt::format("{} steps are left to the other models: the validation part is too short to judge a network\n",
                        horizon);
  }
  return text + "\n";
}

std::string best_part_json(const JointToBest& row) {
  const auto score = [](std::string_view name, const std::optional<ToBestPart>& to_best) {
    if (!to_best) return std::string();
    return fmt::format(R"(,"{}":{{"part":"{}","ratio":{:.6g},"low":{:.6g},"high":{:.6g}}})", name, to_best->part,
                       to_best->ratio.ratio, to_best->ratio.low, to_best->ratio.high);
  };
  return fmt::format(R"({{"stratum":"{}","forecasts":{}{}{}}})", row.stratum, row.forecasts, score("rmse", row.rmse),
                     score("log_score", row.log_score));
}

std::string training_json(const TrainingReport& report) {
  if (report.validation_losses.empty()) return {};
  return fmt::format(
      R"("training":{{"epochs":{},"best_epoch":{},"train_loss":{:.6g},"validation_loss":{:.6g},"level_loss":{:.6g}}})",
      report.validation_losses.size(), report.best_epoch, report.train_loss, report.validation_loss, report.level_loss);
}

}  // namespace

std::string step_text(const StepGrid& grid, Step step) {
  const std::string text = rfc3339(grid.start(step));
  return grid.width < std::chrono::days{1} ? text.substr(0, 10) + " " + text.substr(11, 5) : text.substr(0, 10);
}

std::string best_part_text(const std::optional<ToBestPart>& to_best) {
  if (!to_best) return "-";
  const RatioInterval& ratio = to_best->ratio;
  return fmt::format("{:.3f} of {} ({:.3f} to {:.3f})", ratio.ratio, to_best->part, ratio.low, ratio.high);
}

std::vector<VolumeColumn> volume_columns(const TrainingReport& report, std::size_t slot, std::size_t stratum) {
  constexpr auto kColumn = [](Expert expert) { return 1 + static_cast<std::size_t>(expert); };
  const HorizonScore& with = report.result.volume.scores[slot][stratum];
  std::vector<VolumeColumn> columns;
  const auto add = [&](std::string name, const ColumnScore& score) {
    if (score.count > 0) columns.push_back({std::move(name), &score});
  };
  add("arima", with.columns[kColumn(Expert::kArima)]);
  add("ewma_slow", with.columns[kColumn(Expert::kEwmaSlow)]);
  add("lstm", with.columns[kColumn(Expert::kNetwork)]);
  if (report.without) add("joint_without_lstm", report.without->scores[slot][stratum].columns[0]);
  add("joint", with.columns[0]);
  return columns;
}

std::optional<double> coverage(const Evaluation& evaluation) {
  if (evaluation.scores.empty()) return std::nullopt;
  IntervalScore all;
  for (const HorizonScore& score : evaluation.scores.at(0)) {
    all.covered += score.all.covered;
    all.count += score.all.count;
  }
  return all.count > 0 ? std::optional(all.coverage()) : std::nullopt;
}

std::string training_table(const TrainingReport& report) {
  std::string text =
      fmt::format("{}: {} events of {} users, {} to {}\nscored on {} to {}\n\n", printable(report.data, true),
                  grouped(report.events), grouped(report.users), step_text(report.grid, report.first),
                  step_text(report.grid, report.split.last), step_text(report.grid, report.split.validation_last + 1),
                  step_text(report.grid, report.split.last));
  text += learned_rows(report);
  for (const ProbabilityScores& scores : report.result.probabilities) {
    text += probability_rows("purchase", scores.horizon, scores.purchase);
    text += probability_rows("churn", scores.horizon, scores.churn);
  }
  text += "\n";
  for (std::size_t slot = 0; slot < report.result.volume.horizons.size(); ++slot) {
    for (std::size_t stratum = kStrata; stratum-- > 0;) text += volume_rows(report, slot, stratum);
  }
  text += "\n" + best_part_rows(report) + "\n" + ratio_row("RMSE", report.rmse_ratio) +
          ratio_row("log score", report.log_score_ratio);
  if (const auto covered = coverage(report.result.volume)) {
    text += fmt::format("90 % interval, first horizon: coverage {:.3f}\n", *covered);
  }
  return text;
}

std::string training_card_json(const TrainingReport& report) {
  std::vector<std::string> purchase;
  std::vector<std::string> churn;
  std::vector<std::string> volume;
  for (const ProbabilityScores& scores : report.result.probabilities) {
    const auto add = [&](std::vector<std::string>& to, const ProbabilityScores::Strata& of) {
      if (of.all.network.count > 0) to.push_back(outcome_json(scores.horizon, of));
    };
    add(purchase, scores.purchase);
    add(churn, scores.churn);
  }
  for (std::size_t slot = 0; slot < report.result.volume.horizons.size(); ++slot) {
    for (std::size_t stratum = kStrata; stratum-- > 0;) {
      if (std::string item = volume_json(report, slot, stratum); !item.empty()) volume.push_back(std::move(item));
    }
  }
  std::vector<std::string> members;
  const auto add = [&](std::string member) {
    if (!member.empty()) members.push_back(std::move(member));
  };
  const auto list = [&](std::string_view name, const std::vector<std::string>& items) {
    if (!items.empty()) add(fmt::format(R"("{}":[{}])", name, joined(items)));
  };
  list("purchase", purchase);
  list("churn", churn);
  list("volume", volume);
  std::vector<std::string> to_best;
  for (const JointToBest& row : report.to_best) to_best.push_back(best_part_json(row));
  list("joint_to_best_part", to_best);
  add(ratio_json("rmse_with_to_without_network", report.rmse_ratio));
  add(ratio_json("log_score_with_to_without_network", report.log_score_ratio));
  if (const auto covered = coverage(report.result.volume)) add(fmt::format(R"("coverage":{:.6g})", *covered));
  add(training_json(report));
  return "{" + joined(members) + "}";
}

}  // namespace driftcast
