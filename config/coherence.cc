#include "config/coherence.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "config/client_properties.h"
#include "config/endpoint.h"
#include "config/units.h"

namespace driftcast {
namespace {

class Checker {
 public:
  explicit Checker(std::vector<Problem>& problems) : problems_(problems) {
    for (const Problem& problem : problems) faulty_.push_back(problem.where);
  }

  // Neither of the two has a problem of its own.
  bool comparable(std::string_view a, std::string_view b) const { return sound(a) && sound(b); }
  void report(std::string_view where, std::string what) { problems_.push_back({std::string(where), std::move(what)}); }

 private:
  bool sound(std::string_view path) const { return std::ranges::find(faulty_, path) == faulty_.end(); }

  std::vector<Problem>& problems_;
  std::vector<std::string> faulty_;
};

std::string text(Duration duration) { return format_duration(duration.count()); }

void check_times(const OperatorOptions& options, Checker& checker) {
  const auto& [gap, max] = options.session;
  if (checker.comparable("session.max", "session.gap") && max < gap) {
    checker.report("session.max", text(max) + " is shorter than session.gap, which is " + text(gap));
  }
  const auto& [width, offset] = options.time.step;
  if (checker.comparable("time.offset", "time.step") && std::chrono::abs(offset) >= width) {
    checker.report("time.offset", text(offset) + " is not smaller than time.step, which is " + text(width));
  }
}

void check_categories(const CategoryOptions& options, Checker& checker) {
  if (!checker.comparable("categories.top", "categories.max") || options.top <= options.max) return;
  checker.report("categories.top",
                 std::to_string(options.top) + " is more than categories.max, which is " + std::to_string(options.max));
}

void check_weights(const OperatorOptions& options, Checker& checker) {
  const bool some = std::ranges::any_of(options.kind_weights, [](float weight) { return weight > 0; });
  if (!some) checker.report("kinds.weights", "all are 0: at least one kind needs a weight above 0");
}

// Two kinds of records in one topic cannot be told apart by their readers; drift signals may join the forecasts.
void check_topics(const TopicOptions& topics, Checker& checker) {
  using Named = std::pair<std::string_view, const std::string*>;
  const std::array<Named, 7> named = {
      Named{"topics.input", &topics.input},        Named{"topics.forecasts", &topics.forecasts},
      Named{"topics.drift", &topics.drift},        Named{"topics.sessions", &topics.sessions},
      Named{"topics.late", &topics.late},          Named{"topics.dlq", &topics.dlq},
      Named{"topics.changelog", &topics.changelog}};
  for (std::size_t later = 1; later < named.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      const auto& [path, topic] = named[later];
      const auto& [other_path, other] = named[earlier];
      const bool joined = path == "topics.drift" && other_path == "topics.forecasts";
      if (joined || *topic != *other || !checker.comparable(path, other_path)) continue;
      checker.report(path, "'" + *topic + "' is also " + std::string(other_path) + ": give each its own topic");
    }
  }
}

void check_ends(const PipelineOptions& options, Checker& checker) {
  if (options.kafka.brokers.empty()) return;
  if (!options.source.path.empty()) {
    checker.report("source.path", "a job runs on files or, with kafka.brokers, on Kafka: leave one of the two out");
  }
  if (!options.sink.dir.empty()) {
    checker.report("sink.dir", "is for a run on files; with kafka.brokers the outputs go to topics: leave it out");
  }
  if (options.kafka.group.empty())
    checker.report("kafka.group", "must not be empty: the offsets are kept under its name");
}

// What a dead instance has left open hides its successor's outputs until it expires.
void check_time_outs(const ClientProperties& client, Checker& checker) {
  const std::int64_t transaction = transaction_timeout_ms(client);
  const std::int64_t session = session_timeout_ms(client);
  if (transaction <= session) return;
  checker.report("kafka.client.transaction.timeout.ms",
                 std::to_string(transaction) + " is longer than kafka.client.session.timeout.ms, which is " +
                     std::to_string(session) + ": a dead instance's transaction would outlive its membership");
}

void check_http(const HttpOptions& options, Checker& checker) {
  if (options.listen.empty() || parse_endpoint(options.listen)) return;
  checker.report("http.listen", "'" + options.listen + "' is not host:port, such as 127.0.0.1:9464 or [::1]:9464");
}

}  // namespace

void check_coherence(const Settings& settings, std::vector<Problem>& problems) {
  Checker checker(problems);
  check_times(settings.operators, checker);
  check_categories(settings.operators.categories, checker);
  check_weights(settings.operators, checker);
  check_topics(settings.pipeline.topics, checker);
  check_ends(settings.pipeline, checker);
  check_time_outs(settings.pipeline.kafka.client, checker);
  check_http(settings.pipeline.http, checker);
}

}  // namespace driftcast
