#include "pipeline/kafka_check_topics.h"

#include "config/units.h"
#include "pipeline/kafka_topic_config.h"

namespace driftcast {
namespace {

constexpr const char* kMade = "'driftcast run --create-topics' makes it, with as many partitions as the input";
constexpr const char* kPolicy = "cleanup.policy";
constexpr const char* kRetention = "retention.ms";

struct Named {
  std::string key;  // in the configuration
  const std::string& topic;

  std::string text() const { return key + " '" + topic + "'"; }
};

// What the brokers know of a topic.
struct Known {
  std::optional<int> partitions;  // absent: there is no such topic, or it may not be seen
  Finding finding;
};

std::string counted(int partitions) {
  return std::to_string(partitions) + (partitions == 1 ? " partition" : " partitions");
}

void note_cause(Finding& finding, const Error& cause) {
  finding.refused = cause.code == ErrorCode::kRefused;
  finding.unanswered = cause.code == ErrorCode::kUnavailable;
}

// `rights`: what a job needs on it; who has one of them may see it.
Known look_at(const KafkaClient& client, const Named& named, const std::string& rights, const std::string& how_to_make,
              bool made_later = false) {
  const auto found = client.find_topic(named.topic);
  if (!found) {
    Finding unseen = problem(named.text() + ": " + found.error().message, "allow " + rights + " on it");
    note_cause(unseen, found.error());
    return {std::nullopt, unseen};
  }
  if (!*found && made_later) return {std::nullopt, fine(named.text() + " is not there yet")};
  if (!*found) return {std::nullopt, problem(named.text() + " is not there", how_to_make)};
  return {*found, fine(named.text() + " has " + counted(**found))};
}

void check_retention(const Named& input, const std::string& retention, const ChangelogOptions& changelog,
                     std::vector<Finding>& findings) {
  const auto ms = parse_integer(retention);
  if (!ms || *ms < 0) return findings.push_back(fine(input.text() + " keeps its records for ever"));
  const std::string kept = input.text() + " keeps its records for " + format_duration(*ms);
  const std::string interval = format_duration(changelog.interval.count());
  if (*ms >= changelog.interval.count()) return findings.push_back(fine(kept));
  findings.push_back(problem(kept + ", which is shorter than changelog.interval, " + interval,
                             "after a crash all since the last shipment of states is read again: raise retention.ms "
                             "to days, or lower changelog.interval"));
}

// With the two settings that are looked at. A job runs without the right to see them, so that is a warning only.
std::optional<std::map<std::string, std::string>> config_of(const KafkaClient& client, const Named& named,
                                                            std::vector<Finding>& findings) {
  const auto config = topic_config(client, named.topic);
  if (config && config->contains(kPolicy) && config->contains(kRetention)) return *config;
  findings.push_back(warning(named.text() + ": " + (config ? "its settings are not told" : config.error().message),
                             "allow DescribeConfigs on it, or see yourself that its cleanup.policy is right"));
  if (!config) findings.back().unanswered = config.error().code == ErrorCode::kUnavailable;
  return std::nullopt;
}

void check_input_config(const KafkaClient& client, const Named& input, const ChangelogOptions& changelog,
                        std::vector<Finding>& findings) {
  const auto config = config_of(client, input, findings);
  if (!config) return;
  const std::string& policy = config->at(kPolicy);
  if (policy.find("compact") == std::string::npos) {
    findings.push_back(fine(input.text() + " is not compacted"));
  } else {
    findings.push_back(problem(input.text() + " has the cleanup.policy '" + policy + "'",
                               "a compacted topic loses events, so it cannot be replayed: set its cleanup.policy to "
                               "delete"));
  }
  if (policy != "compact") check_retention(input, config->at(kRetention), changelog, findings);
}

void check_changelog(const KafkaClient& client, const Named& changelog, int partitions, const Named& input,
                     std::optional<int> input_partitions, std::vector<Finding>& findings) {
  if (input_partitions && partitions != *input_partitions) {
    findings.push_back(problem(changelog.text() + " has " + counted(partitions) + ", but " + input.text() + " has " +
                                   counted(*input_partitions),
                               "they must be as many: a new group needs another topics.changelog, which 'driftcast run "
                               "--create-topics' makes; if the input has grown, a new kafka.group too, with which the "
                               "states start afresh, and, where users have moved to other partitions, an input written "
                               "anew"));
  }
  const auto config = config_of(client, changelog, findings);
  if (!config) return;
  const std::string& policy = config->at(kPolicy);
  if (policy == "compact") return findings.push_back(fine(changelog.text() + " is compacted"));
  findings.push_back(problem(changelog.text() + " has the cleanup.policy '" + policy + "'",
                             "states would be deleted with time: set it to compact and nothing else"));
}

}  // namespace

std::vector<Finding> check_topics(const KafkaClient& client, const PipelineOptions& options, Outputs outputs) {
  const bool made_later = outputs == Outputs::kMadeLater;
  const TopicOptions& topics = options.topics;
  const Named input{"topics.input", topics.input};
  const Known known_input = look_at(client, input, "Read", "make it, or name the topic that holds the events");
  std::vector<Finding> findings = {known_input.finding};
  if (known_input.finding.unanswered) return findings;
  if (known_input.partitions) check_input_config(client, input, options.changelog, findings);
  for (const Named& output : {Named{"topics.forecasts", topics.forecasts}, Named{"topics.drift", topics.drift},
                              Named{"topics.sessions", topics.sessions}, Named{"topics.late", topics.late},
                              Named{"topics.dlq", topics.dlq}}) {
    const bool joined = output.key == "topics.drift" && (topics.drift.empty() || topics.drift == topics.forecasts);
    if (joined) continue;
    findings.push_back(look_at(client, output, "Write", kMade, made_later).finding);
    if (findings.back().unanswered) return findings;
  }
  const Named changelog{"topics.changelog", topics.changelog};
  const Known known = look_at(client, changelog, "Read and Write", kMade, made_later);
  findings.push_back(known.finding);
  if (known.partitions) {
    check_changelog(client, changelog, *known.partitions, input, known_input.partitions, findings);
  }
  return findings;
}

}  // namespace driftcast
