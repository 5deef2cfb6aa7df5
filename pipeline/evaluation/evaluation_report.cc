#include "pipeline/evaluation/evaluation_report.h"

#include <fmt/format.h>

namespace driftcast {
namespace {

constexpr std::size_t kZeroColumn = 1 + kExperts;  // has no distribution

std::string interval_line(const HorizonScore& score) {
  std::string line;
  const auto append = [&line](std::string_view name, const IntervalScore& interval) {
    if (interval.count == 0) return;
    line += fmt::format("  90 % interval, {}: coverage {:.3f}, mean width {:.2f} ({} forecasts)\n", name,
                        interval.coverage(), interval.width / static_cast<double>(interval.count), interval.count);
  };
  append("all forecasts", score.all);
  append("after 30 labels", score.mature);
  return line;
}

std::string ratio_line(const HorizonScore& score) {
  const double rmse = best_expert(score, &ColumnScore::rmse);
  const double log_score = best_expert(score, &ColumnScore::mean_log_score);
  if (!(rmse > 0) || !(log_score > 0)) return {};
  return fmt::format("  joint / best expert alone: RMSE {:.3f}, log score {:.3f}\n", score.columns[0].rmse() / rmse,
                     score.columns[0].mean_log_score() / log_score);
}

std::string column_json(const ColumnScore& score, bool has_distribution) {
  std::string text = fmt::format(R"({{"mae":{:.6g},"rmse":{:.6g})", score.mae(), score.rmse());
  if (has_distribution) text += fmt::format(R"(,"log_score":{:.6g})", score.mean_log_score());
  return text + "}";
}

std::string interval_json(const IntervalScore& score) {
  return fmt::format(R"({{"coverage":{:.6g},"width":{:.6g},"forecasts":{}}})", score.coverage(),
                     score.count > 0 ? score.width / static_cast<double>(score.count) : 0, score.count);
}

std::string stratum_json(std::string_view stratum, int horizon, const HorizonScore& score) {
  std::string text = fmt::format(R"({{"horizon":{},"stratum":"{}","forecasts":{},"columns":{{)", horizon, stratum,
                                 score.columns[0].count);
  bool first = true;
  for (std::size_t c = 0; c < kColumns; ++c) {
    if (score.columns[c].count == 0) continue;
    text +=
        fmt::format(R"({}"{}":{})", first ? "" : ",", column_name(c), column_json(score.columns[c], c != kZeroColumn));
    first = false;
  }
  return text + fmt::format(R"(}},"interval":{},"interval_after_30_labels":{}}})", interval_json(score.all),
                            interval_json(score.mature));
}

std::string found_line(std::string_view kind, const PlantedFound& found) {
  if (found.planted == 0) return {};
  return fmt::format("  {:<8}{} of {} found ({:.1f} %), median {:g} events later\n", kind, found.found, found.planted,
                     100 * found.share(), found.median_delay);
}

std::string planted_table(const PlantedScore& score) {
  return fmt::format("planted drifts with at least {} events of the user on both sides\n",
                     PlantedOptions{}.min_events) +
         found_line("mix", score.mix) + found_line("volume", score.volume) +
         fmt::format("  {} signals, {} of them false; {} of {} steady users alarmed ({:.2f} %)\n", score.signals,
                     score.false_signals, score.steady_alarmed, score.steady, 100 * score.false_share());
}

std::string found_json(const PlantedFound& found) {
  return fmt::format(R"({{"planted":{},"found":{},"median_delay":{:.6g}}})", found.planted, found.found,
                     found.median_delay);
}

std::string planted_json(const PlantedScore& score) {
  return fmt::format(
      R"({{"min_events":{},"mix":{},"volume":{},"signals":{},"false_signals":{},"steady_users":{},"steady_users_alarmed":{}}})",
      PlantedOptions{}.min_events, found_json(score.mix), found_json(score.volume), score.signals, score.false_signals,
      score.steady, score.steady_alarmed);
}

}  // namespace

double best_expert(const HorizonScore& score, double (ColumnScore::*metric)() const) {
  double best = 0;
  for (std::size_t c = 1; c <= kExperts; ++c) {
    if (score.columns[c].count == 0) continue;
    const double value = (score.columns[c].*metric)();
    if (best == 0 || value < best) best = value;
  }
  return best;
}

std::string evaluation_table(const Evaluation& evaluation, const PlantedScore* planted) {
  std::string text;
  for (std::size_t h = 0; h < evaluation.horizons.size(); ++h) {
    for (std::size_t s = 0; s < kStrata; ++s) {
      const HorizonScore& score = evaluation.scores[h][s];
      if (score.columns[0].count == 0) continue;
      text += fmt::format("{} steps, {} users, {} forecasts\n  {:<14}{:>12}{:>12}{:>12}\n", evaluation.horizons[h],
                          kStratumNames[s], score.columns[0].count, "", "MAE", "RMSE", "log score");
      for (std::size_t c = 0; c < kColumns; ++c) {
        const ColumnScore& column = score.columns[c];
        if (column.count == 0) continue;
        text += fmt::format("  {:<14}{:>12.4f}{:>12.4f}{:>12}\n", column_name(c), column.mae(), column.rmse(),
                            c == kZeroColumn ? "-" : fmt::format("{:.4f}", column.mean_log_score()));
      }
      text += ratio_line(score) + interval_line(score) + "\n";
    }
  }
  if (const RankingScore& ranking = evaluation.ranking; ranking.count > 0) {
    const auto count = static_cast<double>(ranking.count);
    text += fmt::format("shares, NDCG@10 over {} steps: {:.4f}, by frequency alone {:.4f} ({} forecasts with events)\n",
                        evaluation.horizons[0], ranking.ndcg / count, ranking.frequency_ndcg / count, ranking.count);
  }
  if (planted != nullptr) text += planted_table(*planted);
  return text;
}

std::string evaluation_json(const Evaluation& evaluation, const PlantedScore* planted) {
  std::string text = R"({"volume":[)";
  bool first = true;
  for (std::size_t h = 0; h < evaluation.horizons.size(); ++h) {
    for (std::size_t s = 0; s < kStrata; ++s) {
      if (evaluation.scores[h][s].columns[0].count == 0) continue;
      if (!first) text += ",";
      first = false;
      text += "\n" + stratum_json(kStratumNames[s], evaluation.horizons[h], evaluation.scores[h][s]);
    }
  }
  const RankingScore& ranking = evaluation.ranking;
  const double count = std::max(1.0, static_cast<double>(ranking.count));
  text += fmt::format(R"(],
"shares":{{"ndcg_10":{:.6g},"frequency_ndcg_10":{:.6g},"forecasts":{}}})",
                      ranking.ndcg / count, ranking.frequency_ndcg / count, ranking.count);
  if (planted != nullptr) text += ",\n\"drift\":" + planted_json(*planted);
  return text + "}\n";
}

}  // namespace driftcast
