#include "pipeline/evaluation/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace driftcast {
namespace {

constexpr double kLeft = 36, kRight = SvgChart::kWidth - 10;  // of the area between the axes
constexpr double kTop = 22, kBottom = SvgChart::kHeight - 34;

// The multiple of 1, 2 or 5 that cuts a range into about so many pieces.
double round_step(double range, int pieces) {
  const double rough = range / pieces;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double multiple : {1.0, 2.0, 5.0}) {
    if (multiple * power >= rough * (1 - 1e-9)) return multiple * power;
  }
  return 10 * power;
}

}  // namespace

const std::string_view kChartStyle = R"(
svg{display:block;width:100%;height:auto;overflow:hidden}
svg text{font-size:11px;fill:var(--quiet)}
svg .grid{stroke:var(--grid);stroke-width:1}
svg .axis{stroke:var(--quiet);stroke-width:1}
svg .line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
svg .dashed{stroke-dasharray:4 4;stroke-width:1.3}
svg .band{stroke:none;opacity:.2}
svg .line.ink{stroke:var(--ink);stroke-width:1.2}
svg .line.main{stroke:var(--main)} svg .line.other{stroke:var(--other)}
svg .line.third{stroke:var(--third)} svg .line.quiet{stroke:var(--quiet)}
svg .fill.ink{fill:var(--ink)} svg .fill.main{fill:var(--main)} svg .fill.other{fill:var(--other)}
svg .fill.third{fill:var(--third)} svg .fill.quiet{fill:var(--quiet)}
)";

std::string html_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

Axis round_axis(double low, double high, int ticks, std::string label) {
  if (!(high > low)) high = low + 1;
  const double step = round_step(high - low, ticks);
  const auto first = static_cast<std::int64_t>(std::floor(low / step + 1e-9));
  const auto last = static_cast<std::int64_t>(std::ceil(high / step - 1e-9));
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  Axis axis{static_cast<double>(first) * step, static_cast<double>(last) * step, {}, std::move(label)};
  for (std::int64_t i = first; i <= last; ++i) {
    const double at = static_cast<double>(i) * step;
    axis.ticks.push_back({at, fmt::format("{:.{}f}", at, decimals)});
  }
  return axis;
}

std::string_view class_of(Ink ink) {
  switch (ink) {
    case Ink::kMain: return "main";
    case Ink::kOther: return "other";
    case Ink::kThird: return "third";
    case Ink::kQuiet: return "quiet";
    default: return "ink";
  }
}

SvgChart::SvgChart(Axis x, Axis y, std::string_view meaning) : x_(std::move(x)), y_(std::move(y)) {
  svg_ = fmt::format(R"(<svg viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">)", kWidth, kHeight,
                     html_escaped(meaning));
  draw_axes();
}

double SvgChart::x_of(double x) const {
  return kLeft + (std::clamp(x, x_.low, x_.high) - x_.low) / (x_.high - x_.low) * (kRight - kLeft);
}

double SvgChart::y_of(double y) const {
  return kBottom - (std::clamp(y, y_.low, y_.high) - y_.low) / (y_.high - y_.low) * (kBottom - kTop);
}

void SvgChart::draw_axes() {
  for (const Tick& tick : y_.ticks) {
    const double y = y_of(tick.at);
    svg_ += fmt::format(R"(<path class="grid" d="M{:.1f} {:.1f}H{:.1f}"/>)", kLeft, y, kRight);
    svg_ += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)", kLeft - 5, y + 3.8,
                        html_escaped(tick.label));
  }
  for (const Tick& tick : x_.ticks) {
    const double x = x_of(tick.at);
    svg_ += fmt::format(R"(<path class="axis" d="M{:.1f} {:.1f}v4"/>)", x, kBottom);
    svg_ += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)", x, kBottom + 15,
                        html_escaped(tick.label));
  }
  svg_ += fmt::format(R"(<path class="axis" d="M{:.1f} {:.1f}H{:.1f}"/>)", kLeft, kBottom, kRight);
  svg_ += fmt::format(R"(<text x="2" y="10">{}</text>)", html_escaped(y_.label));
  svg_ += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)", kRight, kHeight - 4,
                      html_escaped(x_.label));
}

std::string SvgChart::path(std::span<const ChartPoint> points) const {
  std::string path;
  for (const ChartPoint& point : points) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "" : "L", x_of(point.x), y_of(point.y));
  }
  return path;
}

void SvgChart::line(std::span<const ChartPoint> points, Ink ink, bool dashed) {
  if (points.empty()) return;
  svg_ += fmt::format(R"(<path class="line {}{}" d="M{}"/>)", class_of(ink), dashed ? " dashed" : "", path(points));
}

void SvgChart::dots(std::span<const ChartPoint> points, Ink ink) {
  for (const ChartPoint& point : points) {
    svg_ += fmt::format(R"(<circle class="fill {}" cx="{:.1f}" cy="{:.1f}" r="2.8"/>)", class_of(ink), x_of(point.x),
                        y_of(point.y));
  }
}

void SvgChart::band(std::span<const ChartPoint> below, std::span<const ChartPoint> above, Ink ink) {
  if (below.empty()) return;
  const std::vector<ChartPoint> back(below.rbegin(), below.rend());
  svg_ += fmt::format(R"(<path class="band fill {}" d="M{}L{}Z"/>)", class_of(ink), path(above), path(back));
}

void SvgChart::label(ChartPoint at, std::string_view text, Ink ink, bool before) {
  svg_ += fmt::format(R"(<text class="fill {}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)", class_of(ink),
                      x_of(at.x) + (before ? -6 : 6), y_of(at.y) - 5, before ? "end" : "start", html_escaped(text));
}

}  // namespace driftcast
