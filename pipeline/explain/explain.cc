#include "pipeline/explain/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "pipeline/explain/canvas.h"
#include "pipeline/explain/explain_picture.h"
#include "pipeline/explain/explain_words.h"

namespace driftcast {
namespace {

constexpr std::size_t kLastForecasts = 5;
constexpr std::size_t kListedDrifts = 12;

std::string heading(std::string_view text, const Terminal& terminal) {
  return "\n" + toned(text, Tone::kStrong, terminal.color) + "\n";
}

// Rows of cells; the first column is flush left, the others flush right.
class Table {
 public:
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const {
    std::vector<int> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()), 0);
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
    }
    std::string text;
    for (const auto& row : rows_) {
      std::string line = "  ";
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string blanks(static_cast<std::size_t>(widths[i] - columns_of(row[i])), ' ');
        line += i == 0 ? row[i] + blanks : "   " + blanks + row[i];
      }
      text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    }
    return text;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string interval(double lo, double hi) { return fmt::format("({} to {})", amount_of(lo), amount_of(hi)); }

// The heads of a table of horizons.
std::vector<std::string> horizon_heads(std::string first, const Forecast& forecast, Duration step) {
  std::vector<std::string> head{std::move(first)};
  for (const HorizonForecast& horizon : forecast.horizons) head.push_back("next " + span_of(horizon.steps, step));
  return head;
}

std::string last_forecasts(const std::vector<Forecast>& forecasts, Duration step) {
  Table table;
  table.add(horizon_heads("as of", forecasts.back(), step));
  const std::size_t count = std::min(forecasts.size(), kLastForecasts);
  for (std::size_t i = forecasts.size(); i > forecasts.size() - count; --i) {
    const Forecast& forecast = forecasts[i - 1];
    std::vector<std::string> row{date_of(forecast.as_of, step)};
    for (const HorizonForecast& horizon : forecast.horizons) {
      row.push_back(amount_of(horizon.mean) + " " + interval(horizon.lo, horizon.hi));
    }
    table.add(std::move(row));
  }
  return table.text();
}

bool has_probabilities(const Forecast& forecast) {
  return std::any_of(forecast.horizons.begin(), forecast.horizons.end(),
                     [](const HorizonForecast& horizon) { return horizon.purchase || horizon.churn; });
}

std::string probabilities(const Forecast& forecast, Duration step) {
  Table table;
  table.add(horizon_heads("probability", forecast, step));
  std::vector<std::string> purchase{"a purchase"}, churn{"no event at all"};
  const auto cell = [](const std::optional<double>& probability) {
    return probability ? percent_of(*probability) : "-";
  };
  for (const HorizonForecast& horizon : forecast.horizons) {
    purchase.push_back(cell(horizon.purchase));
    churn.push_back(cell(horizon.churn));
  }
  table.add(std::move(purchase));
  table.add(std::move(churn));
  return table.text();
}

bool has_parts(const Forecast& forecast) {
  return std::any_of(forecast.horizons.begin(), forecast.horizons.end(),
                     [](const HorizonForecast& horizon) { return horizon.available != 0; });
}

// What each model says, times the weight it has in the joint forecast.
std::string parts(const Forecast& forecast, Duration step) {
  Table table;
  table.add(horizon_heads("model", forecast, step));
  for (std::size_t e = 0; e < kExperts; ++e) {
    std::vector<std::string> row{std::string(kExpertNames[e])};
    bool spoken = false;
    for (const HorizonForecast& horizon : forecast.horizons) {
      const bool here = (horizon.available >> e & 1U) != 0;
      spoken = spoken || here;
      row.push_back(here ? fmt::format("{:.2f} x {:.3f}", horizon.parts[e], horizon.weights[e]) : "-");
    }
    if (spoken) table.add(std::move(row));
  }
  std::vector<std::string> sum{"joint"};
  for (const HorizonForecast& horizon : forecast.horizons) sum.push_back(fmt::format("= {:.2f}        ", horizon.mean));
  table.add(std::move(sum));
  return table.text();
}

std::string points(float trend) {
  const long points = std::lround(100 * trend);
  return points == 0 ? "0" : fmt::format("{:+}", points);
}

std::string interests(const Forecast& forecast, const Terminal& terminal, Duration step) {
  Table table;
  const int steps = forecast.horizons.empty() ? 1 : forecast.horizons.front().steps;
  table.add({"category", "share", "trend", "events in " + span_of(steps, step)});
  for (const InterestForecast& interest : forecast.interests) {
    table.add({fit(printable(interest.category, terminal.unicode), 24), percent_of(interest.share),
               points(interest.trend), amount_of(interest.expected) + " " + interval(interest.lo, interest.hi)});
  }
  table.add({"all others", percent_of(forecast.other)});
  return table.text();
}

std::string changes(const std::vector<ShareChange>& changes, const Terminal& terminal) {
  std::string text;
  for (const ShareChange& change : changes) {
    text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", printable(change.category, terminal.unicode),
                        percent_of(change.from), percent_of(change.to));
  }
  return text;
}

std::string signals(const std::vector<DriftSignal>& list, const Terminal& terminal, Duration step) {
  std::string text;
  const std::size_t count = std::min(list.size(), kListedDrifts);
  for (std::size_t i = list.size() - count; i < list.size(); ++i) {
    const DriftSignal& signal = list[i];
    text +=
        fmt::format("  {}  {:<6} {:<9}  after {} events; evidence {:.1f}, severity {:.2f}\n", date_of(signal.at, step),
                    name(signal.kind), name(signal.stage), grouped(signal.events), signal.evidence, signal.severity);
    for (const auto& [what, list_of_changes] : {std::pair("rising", &signal.rising), {"falling", &signal.falling}}) {
      if (!list_of_changes->empty()) {
        text += fmt::format("  {:>10}  {}\n", what, changes(*list_of_changes, terminal));
      }
    }
  }
  if (count < list.size()) text += fmt::format("  and {} signals before\n", list.size() - count);
  return text;
}

}  // namespace

std::string portrait(const Trajectory& trajectory, const Terminal& terminal) {
  const Activity activity = activity_of(trajectory);
  std::string text = draw_picture(trajectory, activity, terminal);
  for (const std::string& paragraph : paragraphs_of(trajectory, activity, terminal)) {
    text += "\n" + wrap(paragraph, terminal.columns);
  }
  return text;
}

std::string explain(const Trajectory& trajectory, const Terminal& terminal) {
  const Duration step = steps_of(trajectory).width;
  std::string text = portrait(trajectory, terminal);
  if (!trajectory.forecasts.empty()) {
    const Forecast& last = trajectory.forecasts.back();
    text += heading("The last forecasts", terminal) + last_forecasts(trajectory.forecasts, step);
    if (has_probabilities(last)) {
      text += heading("Purchase and churn", terminal) + probabilities(last, step);
    }
    if (has_parts(last)) {
      text += heading("What the newest is made of: each model's forecast x its weight", terminal) + parts(last, step);
    }
    text += heading("Interests, trend in points of share", terminal) + interests(last, terminal, step);
  }
  if (!trajectory.signals.empty()) {
    text += heading("Drift signals", terminal) + signals(trajectory.signals, terminal, step);
  }
  return text;
}

}  // namespace driftcast
