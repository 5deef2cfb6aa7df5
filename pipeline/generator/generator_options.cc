#include "pipeline/generator/generator_options.h"

#include <fmt/format.h>

#include <chrono>

namespace driftcast {
namespace {

constexpr EventTime kEarliest = event_time(946'684'800'000);  // 2000-01-01
constexpr EventTime kLatest = event_time(4'102'444'800'000);  // 2100-01-01

struct Problems {
  std::string text;

  template <class Number>
  void bound(const char* option, Number value, Number low, Number high) {
    if (value >= low && value <= high) return;  // false for NaN
    add("{}: '{}' is out of range: allowed are {} to {}", option, value, low, high);
  }
  template <class... Values>
  void add(fmt::format_string<Values...> what, Values&&... values) {
    if (!text.empty()) text += '\n';
    text += fmt::format(what, std::forward<Values>(values)...);
  }
};

}  // namespace

Result<void> check_options(const GeneratorOptions& options) {
  Problems problems;
  problems.bound<std::int64_t>("--events", options.events, 1, 1'000'000'000'000);
  problems.bound<std::int64_t>("--users", options.users, 1, 50'000'000);
  problems.bound("--days", options.days, 1, 3650);
  problems.bound("--zipf", options.zipf, 0.0, 4.0);
  problems.bound("--zipf-head", options.head, 0.0, 1.0);
  problems.bound("--categories", options.categories, 4, 10'000);
  problems.bound("--items", options.items, 1, 10'000);
  problems.bound("--drift-share", options.drift_share, 0.0, 1.0);
  problems.bound("--drift-volume", options.drift_volume, 0.0, 1.0);
  problems.bound("--disorder", options.disorder, 0.0, 1.0);
  problems.bound("--late", options.late, 0.0, 1.0);
  problems.bound("--duplicates", options.duplicates, 0.0, 0.9);
  problems.bound("--broken", options.broken, 0.0, 1.0);
  const double unusual = options.disorder + options.late + options.duplicates + options.broken;
  if (unusual > 1) {
    problems.add(
        "--disorder, --late, --duplicates and --broken are shares of the same records and add up to {}, more than 1",
        unusual);
  }
  const EventTime end = options.start + std::chrono::days{std::min(std::max(options.days, 1), 3650)};
  if (options.start < kEarliest || end > kLatest) {
    problems.add("--start: all {} days must lie between 2000-01-01 and 2100-01-01", options.days);
  }
  if (problems.text.empty()) return {};
  return error(ErrorCode::kUsage, problems.text);
}

}  // namespace driftcast
