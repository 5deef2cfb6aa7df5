#include "pipeline/explain/explain_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "pipeline/explain/canvas.h"
#include "pipeline/explain/explain_shares.h"
#include "pipeline/explain/explain_timeline.h"
#include "pipeline/explain/explain_words.h"

namespace driftcast {
namespace {

constexpr int kRows = 9;            // of the chart
constexpr int kHeading = 0;         // row above it
constexpr int kAxis = kRows + 1;    // row below it
constexpr int kDates = kAxis + 1;   // row of dates; below come the shares
constexpr int kNotes = 12;          // least columns right of the seam, for what is written there
constexpr int kMargin = 12;         // columns for labels, left of the chart
constexpr std::size_t kShares = 5;  // categories whose shares are drawn
constexpr float kWorthATrend = 0.02F;

// What lines and levels are made of.
struct Glyphs {
  std::array<std::string_view, 9> levels;  // of a cell that is filled from below, by eighths
  std::string_view band, mean, side, side_tick, axis, tick, corner, drift, confirmed, alarm, rising, falling;
};
constexpr Glyphs kUnicode = {
    {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, "░", "━", "│", "┤", "─", "┬", "┼", "┊", "▲", "△", "↑", "↓"};
constexpr Glyphs kAscii = {
    {" ", ".", ".", ":", ":", "+", "+", "#", "#"}, "~", "=", "|", "+", "-", "+", "+", "!", "C", "A", "+", "-"};

// The least of 1, 2, 4, 6, 8, 10, 20, 40 ... that is not below: half of it is a round number, too.
double round_top(double highest) {
  double unit = 1;
  while (highest > 10 * unit) unit *= 10;
  for (const double top : {1.0, 2.0, 4.0, 6.0, 8.0}) {
    if (highest <= top * unit) return top * unit;
  }
  return 10 * unit;
}

// A probability that the last forecast tells of its first horizon.
struct Chance {
  std::string_view name;
  double now = 0;
  std::vector<std::optional<float>> history;
};

int row_of(int level) { return kAxis - 1 - level; }

struct Average {
  double mean = 0, lo = 0, hi = 0;  // events per step
};

class Picture {
 public:
  Picture(const Trajectory& trajectory, const Activity& activity, const Terminal& terminal)
      : trajectory_(trajectory),
        activity_(activity),
        terminal_(terminal),
        glyphs_(terminal.unicode ? kUnicode : kAscii),
        timeline_(timeline_of(activity, longest_horizon(), kMargin + 2, kNotes, terminal.columns)),
        interests_(main_interests(trajectory.forecasts, activity.grid.start(timeline_.begin()), kShares)),
        chances_(chances()),
        canvas_(1 + last_row(), terminal.columns) {
    for (const DriftSignal& signal : trajectory.signals) {
      const Step step = std::min(activity.grid.step_of(signal.at - Duration{1}), timeline_.now - 1);
      DriftStage& mark = marks_[timeline_.column_of(step)];
      mark = std::max(mark, signal.stage);
    }
    marks_.erase(marks_.begin(), marks_.lower_bound(timeline_.left));
    for (const std::string& category : interests_) {
      shares_.push_back(share_history(trajectory, activity.grid, timeline_, category));
      for (const auto& share : shares_.back().shares) top_share_ = std::max(top_share_, share.value_or(0));
    }
    for (int c = 0; c < timeline_.history; ++c) top_ = std::max(top_, history_at(c));
    for (int c = 0; c < timeline_.ahead; ++c) top_ = std::max({top_, forecast_at(c).mean, forecast_at(c).hi});
    top_ = round_top(top_);
  }

  std::string draw() {
    draw_frame();
    for (int c = 0; c < timeline_.history; ++c) draw_bar(timeline_.left + c, history_at(c));
    for (int c = 0; c < timeline_.ahead; ++c) draw_average(timeline_.right() + c, forecast_at(c));
    draw_dates();
    for (const auto& [column, stage] : marks_) draw_mark(column, stage);
    for (std::size_t i = 0; i < shares_.size(); ++i) draw_share(kDates + 1 + static_cast<int>(i), shares_[i]);
    for (std::size_t i = 0; i < chances_.size(); ++i) draw_chance(share_rows_end() + static_cast<int>(i), chances_[i]);
    return canvas_.text(terminal_.color) + toned(wrap(legend(), terminal_.columns), Tone::kFaint, terminal_.color);
  }

 private:
  int longest_horizon() const {
    const bool none = trajectory_.forecasts.empty() || trajectory_.forecasts.back().horizons.empty();
    return none ? 0 : trajectory_.forecasts.back().horizons.back().steps;
  }

  std::vector<Chance> chances() const {
    std::vector<Chance> told;
    if (longest_horizon() == 0) return told;
    const HorizonForecast& first = trajectory_.forecasts.back().horizons.front();
    for (const auto& [name, which] :
         {std::pair("purchase", &HorizonForecast::purchase), {"churn", &HorizonForecast::churn}}) {
      if (!(first.*which)) continue;
      told.push_back({name, *(first.*which), probability_history(trajectory_, activity_.grid, timeline_, which)});
    }
    return told;
  }

  int share_rows_end() const { return kDates + 1 + static_cast<int>(interests_.size()); }
  int last_row() const { return share_rows_end() + static_cast<int>(chances_.size()) - 1; }

  double history_at(int c) const {
    const Step begin = std::max(timeline_.step_at(timeline_.left + c), activity_.first);
    const Step end = timeline_.step_at(timeline_.left + c + 1);
    return end > begin ? activity_.sum(begin, end) / static_cast<double>(end - begin) : 0;
  }

  // By the shortest horizon that reaches the column's first step.
  Average forecast_at(int c) const {
    const Step ahead = c * timeline_.per_column + 1;
    for (const HorizonForecast& horizon : trajectory_.forecasts.back().horizons) {
      const double steps = horizon.steps;
      if (horizon.steps >= ahead) return {horizon.mean / steps, horizon.lo / steps, horizon.hi / steps};
    }
    return {};
  }

  int level_of(double value) const { return std::clamp(static_cast<int>(value / top_ * kRows), 0, kRows - 1); }

  void draw_frame() {
    canvas_.write(kHeading, 0, "events per " + unit_of(activity_.grid.width), Tone::kFaint);
    if (timeline_.ahead > 0) canvas_.write(kHeading, timeline_.right() + 1, "forecast", Tone::kFaint);
    for (int level = 0; level < kRows; ++level) {
      const bool labelled = level == kRows - 1 || level == kRows / 2;
      canvas_.write(row_of(level), timeline_.left - 1, labelled ? glyphs_.side_tick : glyphs_.side, Tone::kFaint);
    }
    write_label(row_of(kRows - 1), fmt::format("{:g}", top_));
    write_label(row_of(kRows / 2), fmt::format("{:g}", top_ / 2));
    write_label(kAxis, "0");
    for (int column = timeline_.left - 1; column < timeline_.right() + timeline_.ahead; ++column) {
      canvas_.write(kAxis, column, column < timeline_.left ? glyphs_.corner : glyphs_.axis, Tone::kFaint);
    }
    for (int row = kHeading; row <= last_row(); ++row) {
      canvas_.write(row, timeline_.seam(), row == kAxis ? glyphs_.corner : glyphs_.side, Tone::kFaint);
    }
  }

  void write_label(int row, const std::string& text) {
    canvas_.write(row, timeline_.left - 2 - columns_of(text), text);
  }

  void draw_bar(int column, double value) {
    auto eighths = static_cast<int>(std::lround(value / top_ * kRows * 8));
    if (value > 0) eighths = std::max(eighths, 1);
    for (int level = 0; eighths > 0; ++level, eighths -= 8) {
      canvas_.write(row_of(level), column, glyphs_.levels[static_cast<std::size_t>(std::min(eighths, 8))], Tone::kBar);
    }
  }

  void draw_average(int column, const Average& average) {
    for (int level = level_of(average.lo); level <= level_of(average.hi); ++level) {
      canvas_.write(row_of(level), column, glyphs_.band, Tone::kBand);
    }
    canvas_.write(row_of(level_of(average.mean)), column, glyphs_.mean, Tone::kMean);
  }

  // Where the forecast begins, before it as often as there is room, and where the forecast ends.
  void draw_dates() {
    const auto date = [&](Step step) { return date_of(activity_.grid.start(step), activity_.grid.width); };
    const int size = columns_of(date(timeline_.now));
    const int distance = size + 4;
    for (int column = timeline_.seam() - distance; column >= timeline_.left; column -= distance) {
      canvas_.write(kAxis, column, glyphs_.tick, Tone::kFaint);
      canvas_.write(kDates, column, date(timeline_.step_at(column)), Tone::kFaint);
    }
    canvas_.write(kDates, std::min(timeline_.seam(), terminal_.columns - size), date(timeline_.now), Tone::kFaint);
    const int end = timeline_.right() + timeline_.ahead;
    if (end - size < timeline_.seam() + size + 2) return;
    canvas_.write(kDates, end - size, date(timeline_.now + longest_horizon()), Tone::kFaint);
  }

  // On the axis; a confirmed drift also as a line up through the chart, where it is free.
  void draw_mark(int column, DriftStage stage) {
    const bool confirmed = stage == DriftStage::kConfirmed;
    const Tone tone = confirmed ? Tone::kConfirmed : Tone::kAlarm;
    canvas_.write(kAxis, column, confirmed ? glyphs_.confirmed : glyphs_.alarm, tone);
    for (int level = 0; confirmed && level < kRows; ++level) {
      if (canvas_.is_free(row_of(level), column)) canvas_.write(row_of(level), column, glyphs_.drift, tone);
    }
  }

  void draw_share(int row, const ShareHistory& history) {
    canvas_.write(row, 0, fit(printable(history.category, terminal_.unicode), kMargin));
    draw_levels(row, history.shares, top_share_, Tone::kShare);
    std::string note = percent_of(history.now);
    if (std::abs(history.trend) >= kWorthATrend) {
      note += fmt::format(" {}", history.trend > 0 ? glyphs_.rising : glyphs_.falling);
    }
    canvas_.write(row, timeline_.right() + 1, note);
  }

  void draw_chance(int row, const Chance& chance) {
    canvas_.write(row, 0, chance.name, Tone::kFaint);
    draw_levels(row, chance.history, 1, Tone::kMean);
    canvas_.write(row, timeline_.right() + 1, percent_of(chance.now));
  }

  // A cell for each value; `top` fills it.
  void draw_levels(int row, const std::vector<std::optional<float>>& values, float top, Tone tone) {
    for (std::size_t c = 0; c < values.size(); ++c) {
      const auto eighths = static_cast<std::size_t>(std::lround(values[c].value_or(0) / top * 8));
      canvas_.write(row, timeline_.left + static_cast<int>(c), glyphs_.levels[eighths], tone);
    }
  }

  std::string legend() const {
    const Duration step = activity_.grid.width;
    std::string text = fmt::format("{} events", glyphs_.levels[8]);
    if (timeline_.per_column > 1) text += fmt::format(", a column for {}", span_of(timeline_.per_column, step));
    if (timeline_.ahead > 0) {
      std::string horizons;
      for (const HorizonForecast& horizon : trajectory_.forecasts.back().horizons) {
        horizons += fmt::format("{}{}", horizons.empty() ? "" : ", ", horizon.steps);
      }
      text += fmt::format("   {} forecast, average of the next {} {}, {} with its {} interval", glyphs_.mean, horizons,
                          span_of(0, step).substr(2), glyphs_.band, percent_of(trajectory_.forecasts.back().level));
    }
    const auto marked = [&](DriftStage stage) {
      return std::any_of(marks_.begin(), marks_.end(), [=](const auto& mark) { return mark.second == stage; });
    };
    if (marked(DriftStage::kConfirmed)) text += fmt::format("   {} drift, confirmed", glyphs_.confirmed);
    if (marked(DriftStage::kAlarm)) text += fmt::format("   {} drift suspected", glyphs_.alarm);
    if (!interests_.empty()) text += "   lower rows: shares of the main interests";
    if (!chances_.empty()) {
      const int steps = trajectory_.forecasts.back().horizons.front().steps;
      text += fmt::format("   last rows: probabilities over the next {}", span_of(steps, step));
    }
    return text;
  }

  const Trajectory& trajectory_;
  const Activity& activity_;
  const Terminal& terminal_;
  const Glyphs& glyphs_;
  const Timeline timeline_;
  const std::vector<std::string> interests_;
  const std::vector<Chance> chances_;
  Canvas canvas_;
  std::map<int, DriftStage> marks_;  // by column
  std::vector<ShareHistory> shares_;
  double top_ = 0;          // value at the upper edge of the chart
  float top_share_ = 0.1F;  // share that fills a cell
};

}  // namespace

std::string draw_picture(const Trajectory& trajectory, const Activity& activity, const Terminal& terminal) {
  return Picture(trajectory, activity, terminal).draw();
}

}  // namespace driftcast
