#include "pipeline/generator/generator_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

TEST(GeneratorOptions, AreFineAsTheyAre) { EXPECT_TRUE(check_options({})); }

TEST(GeneratorOptions, BeginOnAMonday) {
  EXPECT_EQ(rfc3339(GeneratorOptions{}.start), "2024-01-01T00:00:00Z");
  EXPECT_EQ(StepGrid{}.season(StepGrid{}.step_of(GeneratorOptions{}.start)), 0);
}

TEST(GeneratorOptions, AreToldAllThatIsWrongWithThem) {
  GeneratorOptions options;
  options.events = 0;
  options.users = -1;
  options.days = 5000;
  options.zipf = std::numeric_limits<double>::quiet_NaN();
  options.categories = 3;
  options.late = -0.5;
  const auto checked = check_options(options);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kUsage);
  EXPECT_EQ(checked.error().message,
            "--events: '0' is out of range: allowed are 1 to 1000000000000\n"
            "--users: '-1' is out of range: allowed are 1 to 50000000\n"
            "--days: '5000' is out of range: allowed are 1 to 3650\n"
            "--zipf: 'nan' is out of range: allowed are 0 to 4\n"
            "--categories: '3' is out of range: allowed are 4 to 10000\n"
            "--late: '-0.5' is out of range: allowed are 0 to 1");
}

TEST(GeneratorOptions, CannotSpoilMoreRecordsThanThereAre) {
  GeneratorOptions options;
  options.late = 0.5;
  options.broken = 0.5;
  const auto checked = check_options(options);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, testing::HasSubstr("add up to 1.02"));
}

TEST(GeneratorOptions, StayInTimesThatTheDecoderReads) {
  GeneratorOptions options;
  for (const char* start : {"1999-12-31T00:00:00Z", "2099-12-01T00:00:00Z"}) {
    options.start = *parse_rfc3339(start);
    const auto checked = check_options(options);
    ASSERT_FALSE(checked) << start;
    EXPECT_EQ(checked.error().message, "--start: all 60 days must lie between 2000-01-01 and 2100-01-01");
  }
}

}  // namespace
}  // namespace driftcast
