#include "pipeline/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcast {
namespace {

using testing::HasSubstr;
using testing::Not;

void set(Counters& counters, Counter counter, std::int64_t value) {
  counters[static_cast<std::size_t>(counter)] = value;
}

// 3,000 records in all, 1,000 of them in this run, which took two seconds and three of CPU time.
Summary resumed() {
  Summary summary;
  set(summary.counters, Counter::kRecords, 3000);
  set(summary.before, Counter::kRecords, 2000);
  set(summary.counters, Counter::kProcessed, 2900);
  set(summary.counters, Counter::kLate, 60);
  set(summary.counters, Counter::kDuplicate, 30);
  set(summary.counters, Counter::kDeadLetter, 10);
  summary.wall_s = 2;
  summary.cpu_s = 3;
  summary.stage_cpu_s[1] = 0.6;
  return summary;
}

TEST(Summary, CountsAllRecordsButMeasuresTheSpeedOfThisRun) {
  const std::string text = summary_text(resumed());
  EXPECT_THAT(text, HasSubstr("3,000   processed 2,900, late 60, duplicate 30, dead letters 10"));
  EXPECT_THAT(text, HasSubstr("500   CPU 3000.00 us/event, wall 2.0 s"));
}

TEST(Summary, SaysWhereTheTimeWentAndWhatIsLeft) {
  EXPECT_THAT(summary_text(resumed()), HasSubstr("decode 20 %"));
  EXPECT_THAT(summary_text(resumed()), HasSubstr("other 80 %"));
  EXPECT_THAT(summary_json(resumed()), HasSubstr(R"("decode":0.600)"));
  EXPECT_THAT(summary_json(resumed()), HasSubstr(R"("other":2.400)"));
}

TEST(Summary, SpeaksOfTheFirstForecastOnlyWhenThereWasOne) {
  Summary summary = resumed();
  EXPECT_THAT(summary_text(summary), Not(HasSubstr("first forecast")));
  summary.first_forecast_s = 0.31;
  EXPECT_THAT(summary_text(summary), HasSubstr("first forecast after 0.3 s"));
}

TEST(Summary, OfARunThatFoundNothingToDoHasNoCostPerEvent) {
  Summary summary = resumed();
  summary.before = summary.counters;
  EXPECT_THAT(summary_text(summary), HasSubstr("0   CPU - us/event, wall 2.0 s"));
}

TEST(Summary, OfARunThatDidNothingHasNoInfinities) {
  const std::string text = summary_text(Summary{});
  EXPECT_THAT(text, Not(HasSubstr("inf ")));
  EXPECT_THAT(text, Not(HasSubstr("nan ")));
}

}  // namespace
}  // namespace driftcast
