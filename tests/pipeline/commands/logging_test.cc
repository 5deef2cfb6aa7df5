#include "pipeline/commands/logging.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace driftcast {
namespace {

const std::chrono::system_clock::time_point kTime{std::chrono::milliseconds{1'709'294'400'123}};

TEST(Logging, WritesTimeLevelAndMessage) {
  EXPECT_EQ(json_log_line(kTime, "info", "made topic a"),
            R"({"time":"2024-03-01T12:00:00.123Z","level":"info","message":"made topic a"})");
}

TEST(Logging, KeepsAMessageOnOneLineAndWhole) {
  const std::string message = "two\nlines, a \"quote\", a \\ and \x1b[31m and \u00e9";
  const std::string line = json_log_line(kTime, "error", message);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(line)["message"], message);
}

TEST(Logging, ShowsBytesThatAreNoText) {
  EXPECT_EQ(nlohmann::json::parse(json_log_line(kTime, "warning", "key \xff"))["message"], "key \\x{ff}");
}

}  // namespace
}  // namespace driftcast
