// SvgChart: a small chart as inline SVG: axes with ticks, lines, bands and dots. Colours are classes, to which the
// page's style sheet gives a meaning (kChartStyle), so that a chart reads on light and on dark. Legends and titles are
// the page's. Numbers are written with one decimal of a pixel: the same chart gives the same bytes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace driftcast {

// With &, <, >, " and ' as entities: for text and for attributes.
std::string html_escaped(std::string_view text);

struct Tick {
  double at = 0;
  std::string label;
};

struct Axis {
  double low = 0, high = 1;  // low < high
  std::vector<Tick> ticks;
  std::string label;  // with its unit
};

// From a tick at or below `low` to one at or above `high`, about `ticks` of them at multiples of 1, 2 or 5. The bounds
// are finite; an empty range is widened.
Axis round_axis(double low, double high, int ticks, std::string label);

struct ChartPoint {
  double x = 0, y = 0;
};

// The classes of what is drawn: ink for what came, then the colours of the two models, one more, and the background's.
enum class Ink { kInk, kMain, kOther, kThird, kQuiet };
std::string_view class_of(Ink ink);

class SvgChart {
 public:
  static constexpr double kWidth = 300, kHeight = 190;  // of the view box; the page scales it

  // `meaning` is read out to who cannot see the chart.
  SvgChart(Axis x, Axis y, std::string_view meaning);

  // In the order in which they are called, later ones above. What lies beyond the axes is drawn at their ends.
  void line(std::span<const ChartPoint> points, Ink ink, bool dashed = false);
  void dots(std::span<const ChartPoint> points, Ink ink);
  // Between two lines of as many points.
  void band(std::span<const ChartPoint> below, std::span<const ChartPoint> above, Ink ink);
  // Beside a point: to its left where `before`.
  void label(ChartPoint at, std::string_view text, Ink ink, bool before);

  std::string svg() const { return svg_ + "</svg>"; }

 private:
  double x_of(double x) const;
  double y_of(double y) const;
  std::string path(std::span<const ChartPoint> points) const;
  void draw_axes();

  Axis x_, y_;
  std::string svg_;
};

// The style of the classes above; the colours are custom properties of the page: --ink, --main, --other, --third,
// --quiet, --grid.
extern const std::string_view kChartStyle;

}  // namespace driftcast
