#include "pipeline/evaluation/training_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "pipeline/evaluation/svg_chart.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

using Points = std::vector<ChartPoint>;

struct LegendEntry {
  Ink ink = Ink::kInk;
  std::string text;
  std::string_view sign = "stroke";  // or dashes, or area
};

std::string figure(std::string_view title, const std::vector<LegendEntry>& legend, const SvgChart& chart) {
  std::string text = fmt::format("<figure><h3>{}</h3><p class=\"legend\">", html_escaped(title));
  for (const LegendEntry& entry : legend) {
    text += fmt::format("<span><i class=\"{} {}\"></i>{}</span> ", entry.sign, class_of(entry.ink),
                        html_escaped(entry.text));
  }
  return text + "</p>" + chart.svg() + "</figure>\n";
}

// "3 Nov", or "14:00" where the whole axis is a few days.
std::string tick_text(const StepGrid& grid, Step step, Step steps) {
  static constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::string text = rfc3339(grid.start(step));
  if (steps * grid.width < std::chrono::days{3}) return text.substr(11, 5);
  const int month = (text[5] - '0') * 10 + text[6] - '0';
  const int day = (text[8] - '0') * 10 + text[9] - '0';
  return fmt::format("{} {}", day, kMonths[static_cast<std::size_t>(month - 1)]);
}

// About four dates, none so near an end that it would be cut.
Axis date_axis(const StepGrid& grid, Step first, Step last) {
  Axis axis{static_cast<double>(first), static_cast<double>(std::max(last, first + 1)), {}, {}};
  const Step steps = last - first;
  const Step stride = std::max<Step>(1, steps / 4);
  for (Step step = first + steps / 8; step <= last - steps / 16; step += stride) {
    axis.ticks.push_back({static_cast<double>(step), tick_text(grid, step, steps)});
  }
  axis.label = "seen from";
  return axis;
}

// One of the trace's numbers by step, to `last`: a forecast is what is known until the step before the next one.
Points held(const UserTrace& trace, double TracePoint::*number, Step last) {
  Points points;
  const auto hold_to = [&](double x) {
    if (!points.empty() && x > points.back().x) points.push_back({x, points.back().y});
  };
  for (const TracePoint& point : trace.points) {
    hold_to(static_cast<double>(point.step - 1));
    points.push_back({static_cast<double>(point.step), point.*number});
  }
  hold_to(static_cast<double>(last));
  return points;
}

Points came_of(const UserTrace& trace) {
  Points points;
  for (const double sum : trace.came) {
    points.push_back({static_cast<double>(trace.first) + static_cast<double>(points.size()), sum});
  }
  return points;
}

std::string user_picture(const TrainingReport& report, const UserTrace& trace) {
  const Step last = trace.first + static_cast<Step>(trace.came.size()) - 1;
  const Points came = came_of(trace);
  const Points hi = held(trace, &TracePoint::hi, last);
  double highest = 1;
  for (const Points& points : {came, hi}) {
    for (const ChartPoint& point : points) highest = std::max(highest, point.y);
  }
  const int horizon = report.result.probabilities[0].horizon;
  const std::string title = fmt::format("A typical {} user", kStratumNames[trace.stratum]);
  SvgChart chart(date_axis(report.grid, trace.first, last),
                 round_axis(0, 1.05 * highest, 4, fmt::format("events in the next {} steps", horizon)), title);
  chart.band(held(trace, &TracePoint::lo, last), hi, Ink::kMain);
  chart.line(came, Ink::kInk);
  chart.line(held(trace, &TracePoint::mean, last), Ink::kMain);
  return figure(title, {{Ink::kInk, "came"}, {Ink::kMain, "forecast"}, {Ink::kMain, "90 % interval", "area"}}, chart);
}

Points points_of(const std::vector<CalibrationBin>& bins) {
  Points points;
  for (const CalibrationBin& bin : bins) points.push_back({bin.predicted, bin.observed});
  return points;
}

Points points_of(const std::vector<RocPoint>& curve) {
  Points points;
  for (const RocPoint& point : curve) points.push_back({point.false_positive_rate, point.true_positive_rate});
  return points;
}

// A part of the bar, with its name and its first and last day.
std::string split_part(const TrainingReport& report, std::string_view name, Ink ink, Step first, Step last) {
  const double all = static_cast<double>(report.split.last - report.first + 1);
  if (last < first) return {};
  return fmt::format(R"(<div class="{}" style="flex:{:.4f}"><b>{}</b> {} to {}</div>)", class_of(ink),
                     static_cast<double>(last - first + 1) / all, name, step_text(report.grid, first),
                     step_text(report.grid, last));
}

}  // namespace

std::string split_picture(const TrainingReport& report) {
  const Split& split = report.split;
  return "<div class=\"split\">" + split_part(report, "training", Ink::kQuiet, report.first, split.train_last) +
         split_part(report, "validation", Ink::kOther, split.train_last + 1, split.validation_last) +
         split_part(report, "test", Ink::kMain, split.validation_last + 1, split.last) + "</div>\n";
}

std::string user_pictures(const TrainingReport& report) {
  std::string text;
  for (const UserTrace& trace : report.result.traces) text += user_picture(report, trace);
  return text;
}

std::string calibration_picture(const TrainingReport& report) {
  const ProbabilityScores& scores = report.result.probabilities.at(0);
  const auto ece = [](std::string_view what, const OutcomeScores& of) {
    return fmt::format("{}, ECE {:.3f}", what, of.calibration_error);
  };
  const Points purchase = points_of(scores.purchase.all.network.calibration);
  const Points churn = points_of(scores.churn.all.network.calibration);
  if (purchase.empty() && churn.empty()) return {};
  double highest = 0;
  for (const Points& points : {purchase, churn}) {
    for (const ChartPoint& point : points) highest = std::max({highest, point.x, point.y});
  }
  const std::string title = fmt::format("Calibration, {} steps", scores.horizon);
  SvgChart chart(round_axis(0, highest, 5, "forecast chance"), round_axis(0, highest, 5, "share that came"), title);
  const double end = round_axis(0, highest, 5, {}).high;
  chart.line(Points{{0, 0}, {end, end}}, Ink::kQuiet, true);
  chart.line(churn, Ink::kThird);
  chart.dots(churn, Ink::kThird);
  chart.line(purchase, Ink::kMain);
  chart.dots(purchase, Ink::kMain);
  std::vector<LegendEntry> legend;
  if (!purchase.empty()) legend.push_back({Ink::kMain, ece("purchase", scores.purchase.all.network)});
  if (!churn.empty()) legend.push_back({Ink::kThird, ece("churn", scores.churn.all.network)});
  return figure(title, legend, chart);
}

std::string roc_picture(const TrainingReport& report) {
  const ProbabilityScores& scores = report.result.probabilities.at(0);
  const auto& [network, baseline] = scores.purchase.all;
  if (!network.auc || !baseline.auc) return {};
  const std::string title = fmt::format("Purchase within {} steps: ROC", scores.horizon);
  SvgChart chart(round_axis(0, 1, 5, "share of false alarms"), round_axis(0, 1, 5, "share of purchases found"), title);
  chart.line(Points{{0, 0}, {1, 1}}, Ink::kQuiet, true);
  chart.label({0.62, 0.5}, "by chance", Ink::kQuiet, false);
  chart.line(points_of(baseline.roc), Ink::kOther);
  chart.line(points_of(network.roc), Ink::kMain);
  return figure(title,
                {{Ink::kMain, fmt::format("network, AUC {:.3f}", *network.auc)},
                 {Ink::kOther, fmt::format("RFM, AUC {:.3f}", *baseline.auc)}},
                chart);
}

std::string loss_picture(const TrainingReport& report) {
  if (report.validation_losses.empty()) return {};
  Points losses;
  Points best;
  double lowest = report.level_loss;
  double highest = report.level_loss;
  for (const double loss : report.validation_losses) {
    losses.push_back({static_cast<double>(losses.size() + 1), loss});
    if (static_cast<int>(losses.size()) == report.best_epoch) best.push_back(losses.back());
    lowest = std::min(lowest, loss);
    highest = std::max(highest, loss);
  }
  const auto most_ticks = std::clamp(static_cast<int>(losses.size()) - 1, 1, 5);  // so that they are whole epochs
  const Axis epochs = round_axis(losses.front().x, losses.back().x, most_ticks, "epoch");
  SvgChart chart(epochs, round_axis(lowest, highest, 5, "validation loss per label"), "Validation loss by epoch");
  chart.line(Points{{epochs.low, report.level_loss}, {epochs.high, report.level_loss}}, Ink::kOther, true);
  chart.line(losses, Ink::kMain);
  chart.dots(best, Ink::kMain);
  return figure(fmt::format("Training, best epoch {}", report.best_epoch),
                {{Ink::kMain, "validation"}, {Ink::kOther, "level alone", "dashes"}}, chart);
}

}  // namespace driftcast
