#include "pipeline/commands/logging.h"

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "pipeline/json_text.h"
#include "pipeline/terminal.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

bool json_lines = false;  // set before any thread is started

// Our own, because a pattern would not escape the message.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto level = spdlog::level::to_string_view(message.level);
    const std::string line =
        json_log_line(message.time, {level.data(), level.size()}, {message.payload.data(), message.payload.size()});
    out.append(line.data(), line.data() + line.size());
    out.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

}  // namespace

void set_up_logging(const LogOptions& options) {
  auto logger = spdlog::get("driftcast");
  if (!logger) logger = spdlog::stderr_color_mt("driftcast");
  spdlog::set_default_logger(logger);
  spdlog::set_level(spdlog::level::from_str(options.level));
  json_lines = options.format == "json";
  if (json_lines) {
    spdlog::set_formatter(std::make_unique<JsonFormatter>());
  } else {
    spdlog::set_pattern("%H:%M:%S %^%l%$ %v");
  }
}

bool logs_json() { return json_lines; }

std::string json_log_line(std::chrono::system_clock::time_point time, std::string_view level,
                          std::string_view message) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  std::string line = R"({"time":")";
  append_rfc3339(line, event_time(since.count()));
  line += R"(","level":)";
  append_json_string(line, level);
  line += R"(,"message":)";
  append_json_string(line, is_utf8(message) ? std::string(message) : printable(message, true));
  return line + "}";
}

}  // namespace driftcast
