#include "pipeline/evaluation/svg_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace driftcast {
namespace {

using testing::ElementsAre;

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> all;
  for (const Tick& tick : axis.ticks) all.push_back(tick.label);
  return all;
}

TEST(RoundAxis, TicksAreMultiplesOfOneTwoOrFive) {
  EXPECT_THAT(labels(round_axis(0, 1, 5, "")), ElementsAre("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(labels(round_axis(3, 47, 4, "")), ElementsAre("0", "20", "40", "60"));
  EXPECT_THAT(labels(round_axis(0.012, 0.019, 4, "")), ElementsAre("0.012", "0.014", "0.016", "0.018", "0.020"));
  EXPECT_THAT(labels(round_axis(0, 12'345, 2, "")), ElementsAre("0", "10000", "20000"));
}

TEST(RoundAxis, AnEmptyRangeIsWidened) {
  const Axis axis = round_axis(3, 3, 2, "");
  EXPECT_EQ(axis.low, 3);
  EXPECT_EQ(axis.high, 4);
}

RC_GTEST_PROP(RoundAxis, HoldsTheRangeAndEndsInTicks, ()) {
  const double low = *rc::gen::inRange(-1000, 1000) / 37.0;
  const double high = low + *rc::gen::inRange(1, 100'000) / 91.0;
  const int ticks = *rc::gen::inRange(1, 8);
  const Axis axis = round_axis(low, high, ticks, "");
  RC_ASSERT(axis.low <= low + 1e-6 * (high - low));
  RC_ASSERT(axis.high >= high - 1e-6 * (high - low));
  RC_ASSERT(axis.ticks.size() >= 2U);
  RC_ASSERT(axis.ticks.size() <= static_cast<std::size_t>(ticks) + 3);
  RC_ASSERT(axis.ticks.front().at == axis.low);
  RC_ASSERT(axis.ticks.back().at == axis.high);
}

TEST(SvgChart, DrawsUpwardsAndKeepsWhatIsBeyondTheAxesAtTheirEnds) {
  SvgChart chart({0, 10, {}, "x"}, {0, 100, {}, "y"}, "a chart");
  const std::vector<ChartPoint> points = {{0, 0}, {10, 100}, {99, 999}};
  const std::string before = chart.svg();
  chart.line(points, Ink::kMain);
  const std::string line = chart.svg().substr(before.size() - std::string("</svg>").size());
  EXPECT_EQ(line, R"(<path class="line main" d="M36.0 156.0L290.0 22.0L290.0 22.0"/></svg>)");
}

TEST(SvgChart, ABandRunsAlongTheUpperLineAndBackAlongTheLower) {
  SvgChart chart({0, 10, {}, "x"}, {0, 100, {}, "y"}, "a chart");
  const std::string before = chart.svg();
  chart.band(std::vector<ChartPoint>{{0, 0}, {10, 0}}, std::vector<ChartPoint>{{0, 100}, {10, 100}}, Ink::kMain);
  const std::string band = chart.svg().substr(before.size() - std::string("</svg>").size());
  EXPECT_EQ(band, R"(<path class="band fill main" d="M36.0 22.0L290.0 22.0L290.0 156.0L36.0 156.0Z"/></svg>)");
}

TEST(HtmlEscaped, LeavesNoCharacterThatMeansSomething) {
  EXPECT_EQ(html_escaped("a<b>&\"'é"), "a&lt;b&gt;&amp;&quot;&#39;é");
}

}  // namespace
}  // namespace driftcast
