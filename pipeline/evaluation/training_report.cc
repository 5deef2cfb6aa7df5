#include "pipeline/evaluation/training_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "pipeline/evaluation/svg_chart.h"
#include "pipeline/evaluation/training_pictures.h"
#include "pipeline/terminal.h"

namespace driftcast {
namespace {

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--paper:#fff;--ink:#1b2430;--quiet:#647082;--grid:#e4e7ec;--soft:#f5f7fa;
--main:#1d63d8;--other:#c2570c;--third:#7b3fc4}
@media (prefers-color-scheme:dark){:root{--paper:#14181f;--ink:#e8ecf2;--quiet:#98a3b3;--grid:#2c343f;--soft:#1c222b;
--main:#6ea8ff;--other:#f0a05a;--third:#bf97ff}}
*{box-sizing:border-box}
body{margin:0 auto;padding:20px;max-width:1040px;background:var(--paper);color:var(--ink);
font:13px/1.4 system-ui,"Segoe UI","Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:22px;line-height:1.2;margin:0}
h2{font-size:14px;margin:18px 0 6px}
h3{font-size:12.5px;margin:0}
p{margin:2px 0 8px;color:var(--quiet)}
.split{display:flex;gap:3px;font-size:11.5px}
.split div{padding:3px 8px;border-top:4px solid;background:var(--soft);white-space:nowrap;
min-width:max-content}
.split b{display:block;color:var(--ink)}
.split .quiet{border-color:var(--quiet)} .split .other{border-color:var(--other)}
.split .main{border-color:var(--main)} .split div{color:var(--quiet)}
.tiles{display:grid;grid-auto-flow:column;grid-auto-columns:1fr;gap:10px;margin:12px 0 0}
.tiles div{background:var(--soft);padding:8px 12px;border-radius:6px;color:var(--quiet);font-size:11.5px}
.tiles b{display:block;font-size:20px;line-height:1.25;color:var(--ink)}
.pictures{display:grid;grid-template-columns:repeat(3,1fr);gap:14px 18px;margin:14px 0 0}
figure{margin:0;min-width:0}
.legend{margin:1px 0 4px;font-size:11px;line-height:1.5}
.legend span{white-space:nowrap;margin-right:8px}
.legend i{display:inline-block;width:14px;margin-right:4px;vertical-align:middle;border-top:2px solid}
.legend .dashes{border-top-style:dashed}
.legend .area{height:9px;border:0;opacity:.25}
.legend .ink{border-color:var(--ink);} .legend .main{border-color:var(--main)} .legend .other{border-color:var(--other)}
.legend .third{border-color:var(--third)} .legend .quiet{border-color:var(--quiet)}
.legend .area.main{background:var(--main)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:11.5px;line-height:1.3}
th,td{padding:1.5px 5px;text-align:right;white-space:nowrap}
th{font-weight:500;color:var(--quiet)} td.name,th.name{text-align:left} td.name{color:var(--ink)}
thead tr:last-child th{border-bottom:1px solid var(--quiet)}
tr.first td{border-top:1px solid var(--grid)}
td.apart,th.apart{padding-left:16px}
th.group{text-align:center;padding-left:16px}
td b{color:var(--main)}
footer{margin-top:12px;font-size:11px;color:var(--quiet)}
@media screen and (max-width:700px){.tiles{grid-auto-flow:row;
grid-template-columns:1fr 1fr} figure{max-width:400px} .pictures{grid-template-columns:1fr}.split{flex-wrap:wrap}}
@page{size:A4;margin:9mm}
@media print{
:root{--paper:#fff;--ink:#111;--quiet:#555;--grid:#ddd;--soft:#f3f4f6;--main:#1d63d8;--other:#c2570c;--third:#7b3fc4}
body{padding:0;max-width:none;font-size:10px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
h1{font-size:17px} h2{font-size:11px;margin:8px 0 3px} h3{font-size:10px} p{margin:1px 0 5px}
.split,.tiles div,.legend,footer{font-size:8.8px} table{font-size:9.2px} .tiles b{font-size:14px} .tiles{margin-top:7px}
.pictures{gap:8px 12px;margin-top:8px;grid-template-columns:repeat(3,1fr)}
th,td{padding:.8px 3px} td.apart,th.apart,th.group{padding-left:9px} footer{margin-top:6px}
})";

using Row = std::vector<double>;

// Which of the rows' numbers in a column are the best: the lowest, or the highest.
bool is_best(const std::vector<Row>& rows, std::size_t row, std::size_t column, bool high) {
  for (const Row& other : rows) {
    if (high ? other[column] > rows[row][column] : other[column] < rows[row][column]) return false;
  }
  return true;
}

std::string cell(const std::string& text, bool best, bool apart = false) {
  return fmt::format("<td{}>{}</td>", apart ? " class=\"apart\"" : "", best ? "<b>" + text + "</b>" : text);
}

// The numbers of one row of the table of probabilities, and which of them are better when higher.
constexpr std::array<std::string_view, 9> kProbabilityColumns = {"AUC",       "Brier",  "log loss", "ECE",      "F1",
                                                                 "precision", "recall", "accuracy", "threshold"};
constexpr std::size_t kCompared = 5;  // precision, recall and accuracy follow from the threshold
constexpr std::array<bool, kCompared> kHigherIsBetter = {true, false, false, false, true};

Row row_of(const OutcomeScores& scores) {
  const ThresholdScore& best = scores.at_best;
  return {scores.auc.value_or(0),
          scores.brier,
          scores.log_loss,
          scores.calibration_error,
          best.f1,
          best.precision,
          best.recall,
          best.accuracy,
          best.threshold};
}

std::string probability_rows(std::string_view what, int horizon, const BesideBaseline& scores) {
  const auto& [network, baseline] = scores;
  if (network.count == 0) return {};
  const std::vector<Row> rows = {row_of(network), row_of(baseline)};
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    text += fmt::format("<tr{}><td class=\"name\">{}</td><td class=\"name\">{}</td>", r == 0 ? " class=\"first\"" : "",
                        r == 0 ? fmt::format("{}, {} steps", what, horizon) : "", r == 0 ? "network" : "RFM");
    text += cell(r == 0 ? grouped(network.count) : "", false);
    text += cell(r == 0 ? fmt::format("{:.1f} %", 100 * network.base_rate) : "", false);
    for (std::size_t c = 0; c < kProbabilityColumns.size(); ++c) {
      const bool best = c < kCompared && is_best(rows, r, c, kHigherIsBetter[c]);
      const bool known = c != 0 || network.auc.has_value();
      text += cell(known ? fmt::format("{:.3f}", rows[r][c]) : "–", best && known, c == 0 || c == 4);
    }
    text += "</tr>\n";
  }
  return text;
}

std::string probability_table(const TrainingReport& report) {
  std::string rows;
  for (const ProbabilityScores& scores : report.result.probabilities) {
    rows += probability_rows("purchase", scores.horizon, scores.purchase.all);
    rows += probability_rows("churn", scores.horizon, scores.churn.all);
  }
  if (rows.empty()) return "<h2>Purchase and churn</h2><p>The network has not learned from purchases.</p>";
  std::string head = "<th class=\"name\" colspan=\"2\"></th><th>forecasts</th><th>base rate</th>";
  for (std::size_t c = 0; c < kProbabilityColumns.size(); ++c) {
    head += fmt::format("<th{}>{}</th>", c == 0 || c == 4 ? " class=\"apart\"" : "", kProbabilityColumns[c]);
  }
  return fmt::format(R"(<h2>Purchase and churn, beside recency, frequency and spend (RFM)</h2>
<div class="wide"><table><thead><tr>{}</tr></thead>
<tbody>{}</tbody></table></div>
)",
                     head, rows);
}

struct VolumeMetric {
  std::string_view name;
  double (ColumnScore::*value)() const;
};
constexpr std::array<VolumeMetric, 3> kVolumeMetrics = {
    {{"log score", &ColumnScore::mean_log_score}, {"RMSE", &ColumnScore::rmse}, {"MAE", &ColumnScore::mae}}};

// Three decimals, fewer for large numbers.
std::string compact(double value) { return fmt::format("{:.{}f}", value, value < 10 ? 3 : value < 100 ? 2 : 1); }

std::string volume_row(const TrainingReport& report, std::size_t slot, std::size_t stratum, bool first,
                       const std::vector<std::string>& names) {
  const std::vector<VolumeColumn> columns = volume_columns(report, slot, stratum);
  if (columns.empty()) return {};
  std::string text =
      fmt::format("<tr{}><td class=\"name\">{} steps, {}</td><td>{}</td>", first ? " class=\"first\"" : "",
                  report.result.volume.horizons[slot], kStratumNames[stratum], grouped(columns.back().score->count));
  for (const VolumeMetric& metric : kVolumeMetrics) {
    std::vector<Row> values;
    for (const VolumeColumn& column : columns) values.push_back({(column.score->*metric.value)()});
    for (const std::string& name : names) {
      const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == name; });
      const auto place = static_cast<std::size_t>(found - columns.begin());
      const bool known = found != columns.end();
      text += cell(known ? compact(values[place][0]) : "–", known && is_best(values, place, 0, false),
                   name == names.front());
    }
  }
  return text + "</tr>\n";
}

// The names of the columns that any horizon and stratum has, in order.
std::vector<std::string> volume_names(const TrainingReport& report) {
  std::vector<std::string> names;
  for (std::size_t slot = 0; slot < report.result.volume.horizons.size(); ++slot) {
    for (std::size_t stratum = 0; stratum < kStrata; ++stratum) {
      const std::vector<VolumeColumn> columns = volume_columns(report, slot, stratum);
      if (columns.size() <= names.size()) continue;
      names.clear();
      for (const VolumeColumn& column : columns) names.push_back(column.name);
    }
  }
  return names;
}

std::string_view short_name(const std::string& column) {
  if (column == "joint_without_lstm") return "joint*";
  if (column == "ewma_slow") return "ewma";
  return column;
}

std::string volume_table(const TrainingReport& report) {
  const std::vector<std::string> names = volume_names(report);
  if (names.empty()) return {};
  std::string groups = "<th></th><th></th>";
  std::string head = "<th></th><th>forecasts</th>";
  for (const VolumeMetric& metric : kVolumeMetrics) {
    groups += fmt::format("<th class=\"group\" colspan=\"{}\">{}</th>", names.size(), metric.name);
    for (const std::string& name : names) {
      head += fmt::format("<th{}>{}</th>", name == names.front() ? " class=\"apart\"" : "", short_name(name));
    }
  }
  std::string rows;
  for (std::size_t slot = 0; slot < report.result.volume.horizons.size(); ++slot) {
    std::string of_horizon;
    for (std::size_t stratum = kStrata; stratum-- > 0;) {
      of_horizon += volume_row(report, slot, stratum, of_horizon.empty(), names);
    }
    rows += of_horizon;
  }
  return fmt::format(R"(<h2>Volume: events in the coming steps</h2>
<div class="wide"><table><thead><tr>{}</tr>
<tr>{}</tr></thead>
<tbody>{}</tbody></table></div>
)",
                     groups, head, rows);
}

// Lines, not one more table: the page has no room for it.
std::string best_part_lines(const TrainingReport& report) {
  if (report.to_best.empty()) return {};
  std::string log_scores;
  std::string errors;
  for (const JointToBest& row : report.to_best) {
    log_scores += fmt::format("{}{} {}", log_scores.empty() ? "" : ", ", row.stratum, best_part_text(row.log_score));
    errors += fmt::format("{}{} {}", errors.empty() ? "" : ", ", row.stratum, best_part_text(row.rmse));
  }
  return fmt::format(
      "<footer><b>Joint / best of its parts</b>, {} steps, 95 %. Log score: {}. RMSE: {}. The best part is the expert "
      "whose own forecasts turned out best, known only afterwards; below 1 the joint forecast is better than each of "
      "them.</footer>\n",
      report.result.volume.horizons.at(0), log_scores, errors);
}

std::string tile(std::string_view what, const std::string& figure, const std::string& beside) {
  return fmt::format("<div>{}<b>{}</b>{}</div>\n", what, figure, beside);
}

std::string ratio_tile(std::string_view what, const std::optional<RatioInterval>& ratio) {
  if (!ratio) return {};
  return tile(what, fmt::format("{:.3f}", ratio->ratio),
              fmt::format("95 %: {:.3f} to {:.3f}", ratio->low, ratio->high));
}

std::string auc_tile(const std::string& what, const BesideBaseline& scores) {
  const auto& [network, baseline] = scores;
  if (!network.auc || !baseline.auc) return {};
  return tile(what, fmt::format("{:.3f}", *network.auc), fmt::format("RFM: {:.3f}", *baseline.auc));
}

std::string tiles(const TrainingReport& report) {
  const ProbabilityScores& first = report.result.probabilities.at(0);
  std::string text = "<div class=\"tiles\">";
  text += ratio_tile("log score ratio", report.log_score_ratio);
  text += ratio_tile("RMSE ratio", report.rmse_ratio);
  text += auc_tile(fmt::format("purchase AUC, {} steps", first.horizon), first.purchase.all);
  text += auc_tile(fmt::format("churn AUC, {} steps", first.horizon), first.churn.all);
  if (const auto covered = coverage(report.result.volume)) {
    text += tile("in the 90 % interval", fmt::format("{:.1f} %", 100 * *covered),
                 fmt::format("of the sums over {} steps", first.horizon));
  }
  return text + "</div>\n";
}

std::string heading(const TrainingReport& report) {
  const std::string network = report.network.empty() ? "No network" : html_escaped(report.network);
  return fmt::format(
      "<h1>Model {}</h1>\n<p>{}, from {}: {} events of {} users. Every score is of the test part, from which "
      "nothing was learned.</p>\n",
      html_escaped(report.model), network, html_escaped(report.data), grouped(report.events), grouped(report.users));
}

constexpr std::string_view kDefinitions =
    R"(A forecast counts when its whole horizon lies in the test part. <b>Log score</b>: mean of minus log probability
of what came, in nats; <b>RMSE, MAE</b>: of the sum of events in the horizon; lower is better. Users are dense from 3,
medium from 0.3 events per step, else sparse. <b>Purchase</b>: at least one in the horizon; <b>churn</b>: no event at
all. <b>AUC</b>: chance that one who did is ranked above one who did not; <b>Brier</b>: mean squared error of the
chance; <b>ECE</b>: mean distance of chance and share, in ten bins; F1, precision, recall and accuracy at the
threshold that was best in validation. <b>RFM</b>: logistic regression on recency, frequency and spend, fitted on
what the network has learned from. Bold blue: best.)";
constexpr std::string_view kWithoutDefinition = R"(
<b>joint*</b>: the joint forecast of the same model without its network.)";
constexpr std::string_view kRatioDefinition = R"(
<b>Ratios</b>: joint forecast with its network / without, first horizon, with 95 % intervals by a bootstrap over users;
below 1 the network helps.)";

std::string footnotes(const TrainingReport& report) {
  const bool ratios = report.rmse_ratio || report.log_score_ratio;
  return fmt::format("<footer>{}{}{}</footer>\n", kDefinitions, report.without ? kWithoutDefinition : "",
                     ratios ? kRatioDefinition : "");
}

}  // namespace

std::string training_html(const TrainingReport& report) {
  std::string text = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n";
  text +=
      fmt::format("<meta name=\"viewport\" content=\"width=device-width\"><title>Model {}</title>\n<style>{}{}</style>",
                  html_escaped(report.model), kStyle, kChartStyle);
  text += "</head>\n<body>\n" + heading(report) + split_picture(report) + tiles(report);
  text += "<div class=\"pictures\">\n" + user_pictures(report) + calibration_picture(report) + roc_picture(report) +
          loss_picture(report) + "</div>\n";
  return text + probability_table(report) + volume_table(report) + best_part_lines(report) + footnotes(report) +
         "</body></html>\n";
}

}  // namespace driftcast
