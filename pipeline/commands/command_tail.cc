// driftcast tail: what is published, while it is published.

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>

#include "pipeline/commands/cli.h"
#include "pipeline/explain/explain_line.h"
#include "pipeline/kafka_reader.h"
#include "pipeline/slice.h"
#include "pipeline/terminal.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

constexpr Duration kLookForStop{100};
constexpr std::array<std::string_view, 3> kTypes = {"forecast", "drift", "session"};  // as in Published::what

struct TailArguments {
  ConfigArguments config;
  std::vector<std::string> users, types;
  bool json = false;
  bool from_beginning = false;
  std::int64_t max = 0;  // 0: no limit

  bool wants_type(std::string_view type) const {
    return types.empty() ? type != "session" : std::find(types.begin(), types.end(), type) != types.end();
  }
  bool wants_user(std::string_view user) const {
    return users.empty() || std::find(users.begin(), users.end(), user) != users.end();
  }
};

std::vector<std::string> topics_of(const TailArguments& arguments, const TopicOptions& topics) {
  const bool apart = !topics.drift.empty() && topics.drift != topics.forecasts;
  const bool drift = arguments.wants_type("drift");
  std::vector<std::string> wanted;
  if (arguments.wants_type("forecast") || (drift && !apart)) wanted.push_back(topics.forecasts);
  if (drift && apart) wanted.push_back(topics.drift);
  if (arguments.wants_type("session")) wanted.push_back(topics.sessions);
  return wanted;
}

Result<void> begin(KafkaReader& reader, const TailArguments& arguments, const TopicOptions& topics) {
  std::vector<KafkaReader::Stretch> stretches;
  for (const std::string& topic : topics_of(arguments, topics)) {
    const auto partitions = reader.client().partitions_of(topic);
    if (!partitions) return partitions.error();
    for (Partition partition = 0; partition < *partitions; ++partition) {
      auto range = reader.client().range_of(topic, partition);
      if (!range) return range.error();
      if (!arguments.from_beginning) range->begin = range->end;
      stretches.push_back({topic, partition, *range});
    }
    fmt::print(stderr, "following {}\n", topic);
  }
  return reader.assign(stretches);
}

// A value that is none of ours has neither type nor user but the key's.
bool wanted(const TailArguments& arguments, const KafkaRecord& record, const std::optional<Published>& published) {
  if (published) return arguments.wants_user(published->user) && arguments.wants_type(kTypes[published->what.index()]);
  return arguments.types.empty() && arguments.wants_user(record.key.value_or(""));
}

std::string foreign(const KafkaRecord& record, bool unicode) {
  return fmt::format("{} partition {} offset {}, no record of driftcast: {}", record.topic, record.partition,
                     record.offset, record.value ? printable(*record.value, unicode) : "null");
}

// Empty: it is not wanted.
std::string shown(const TailArguments& arguments, const KafkaRecord& record, bool unicode) {
  const std::string value = record.value.value_or("");
  const std::string padded = value + std::string(kPadding, '\0');
  const auto published = parse_published(std::string_view(padded).substr(0, value.size()));
  if (!wanted(arguments, record, published)) return "";
  if (arguments.json) return record.value.value_or("null") + "\n";
  const std::string time = record.timestamp ? rfc3339(*record.timestamp) + " " : "";
  return time + (published ? line_of(*published, unicode) : foreign(record, unicode)) + "\n";
}

// At once, so that a reader behind a pipe sees it. False: nobody reads any more.
Result<bool> print(const std::string& line) {
  const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fflush(stdout) == 0;
  if (written) return true;
  if (errno == EPIPE) return false;
  return error(ErrorCode::kIo, std::string("cannot write to standard output: ") + std::strerror(errno));
}

// Also while there is nothing to write.
bool read_by_nobody() {
  pollfd output{STDOUT_FILENO, 0, 0};
  return ::poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

Result<void> follow(KafkaReader& reader, const TailArguments& arguments) {
  const bool unicode = terminal_of(STDOUT_FILENO).unicode;
  std::int64_t left = arguments.max;
  while (!stop_requested() && !read_by_nobody()) {
    const auto record = reader.poll(kLookForStop);
    if (!record) return record.error();
    const std::string line = *record ? shown(arguments, **record, unicode) : "";
    if (line.empty()) continue;
    const auto read = print(line);
    if (!read) return read.error();
    if (!*read || --left == 0) return {};
  }
  return {};
}

Result<void> tail(const TailArguments& arguments) {
  const auto settings = arguments.config.load();
  if (!settings) return settings.error();
  DRIFTCAST_TRY(require_brokers(*settings));
  auto reader = KafkaReader::open(settings->pipeline.kafka);
  if (!reader) return reader.error();
  watch_signals();
  std::signal(SIGPIPE, SIG_IGN);  // told by the write that fails
  DRIFTCAST_TRY(begin(*reader, arguments, settings->pipeline.topics));
  return follow(*reader, arguments);
}

}  // namespace

void add_tail_command(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("tail", "Kafka: show forecasts and drift signals as they are published");
  auto arguments = std::make_shared<TailArguments>();
  arguments->config.add_to(*command);
  command->add_option("--user", arguments->users, "Only of these users (repeatable)");
  command->add_option("--type", arguments->types, "Only these: forecast, drift or session; default: forecast and drift")
      ->check(CLI::IsMember(std::vector<std::string>(kTypes.begin(), kTypes.end())));
  command->add_flag("--json", arguments->json, "The records' values as they are, one per line");
  command->add_flag("--from-beginning", arguments->from_beginning, "Begin with the oldest records; default: the next");
  command->add_option("--max", arguments->max, "End after so many records; default: go on until Ctrl-C")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  command->footer(
      "Examples:\n  driftcast tail --set kafka.brokers=localhost:9092 --type drift\n"
      "  driftcast tail --set kafka.brokers=localhost:9092 --user u000017 --from-beginning --json | jq .horizons\n"
      "Joins no group and commits nothing: the job does not notice.");
  command->callback([arguments, &code] {
    const auto tailed = tail(*arguments);
    code = tailed ? 0 : complain(tailed.error());
  });
}

}  // namespace driftcast
