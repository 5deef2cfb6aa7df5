#include "tests/pipeline/support/kafka_job.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "pipeline/wire.h"

namespace driftcast {

KafkaJob::KafkaJob(int partitions, const Settings& settings, KafkaBroker& broker)
    : broker_(broker), settings_(settings) {
  static int made = 0;
  const std::string prefix = "job" + std::to_string(++made) + "-";
  PipelineOptions& pipeline = settings_.pipeline;
  pipeline.kafka.brokers = broker_.brokers();
  pipeline.kafka.group = prefix + "group";
  pipeline.kafka.instance = "one";
  TopicOptions& topics = pipeline.topics;
  topics = {prefix + "input", prefix + "forecasts", prefix + "drift",    prefix + "sessions",
            prefix + "late",  prefix + "dlq",       prefix + "changelog"};
  broker_.create_topic(topics.input, partitions);
  broker_.create_topic(topics.changelog, partitions, {{"cleanup.policy", "compact"}});
  for (const std::string* topic : {&topics.forecasts, &topics.drift, &topics.sessions, &topics.late, &topics.dlq}) {
    broker_.create_topic(*topic, 1);
  }
}

std::string envelope_of(const StoredRecord& letter) {
  OutboxRecord record;
  Partition partition = 0;
  for (const auto& [name, value] : letter.headers) {
    if (name == "reason_code") record.reason = static_cast<Reason>(std::stoi(value));
    if (name == "origin_partition") partition = std::stoi(value);
    if (name == "origin_offset") record.position.next_offset = std::stoll(value);
    if (name == "field") record.field = value;
    if (name == "cut") record.cut = std::stoul(value);
  }
  if (letter.key) record.key = *letter.key;
  record.value = letter.value.value();
  std::string envelope;
  append_envelope(envelope, partition, record);
  return envelope;
}

std::vector<std::string> KafkaJob::arguments() const {
  const PipelineOptions& pipeline = settings_.pipeline;
  const TopicOptions& topics = pipeline.topics;
  std::vector<std::string> arguments;
  for (const std::string& set :
       {"kafka.brokers=" + pipeline.kafka.brokers, "kafka.group=" + pipeline.kafka.group,
        "topics.input=" + topics.input, "topics.forecasts=" + topics.forecasts, "topics.drift=" + topics.drift,
        "topics.sessions=" + topics.sessions, "topics.late=" + topics.late, "topics.dlq=" + topics.dlq,
        "topics.changelog=" + topics.changelog}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  return arguments;
}

std::unique_ptr<KafkaLog> open_log(const Settings& settings, Until until) {
  const std::atomic<bool> never{false};
  auto log = KafkaLog::open(settings.pipeline, until);
  EXPECT_TRUE(log) << (log ? "" : log.error().message);
  if (!log) return nullptr;
  const auto acquired = (*log)->acquire(never);
  EXPECT_TRUE(acquired && *acquired) << (acquired ? "" : acquired.error().message);
  return acquired ? std::move(*log) : nullptr;
}

std::vector<std::string> KafkaJob::outputs(Topic topic) const {
  const TopicOptions& topics = settings_.pipeline.topics;
  const std::string* const names[] = {&topics.forecasts, &topics.drift, &topics.sessions, &topics.late, &topics.dlq};
  std::vector<std::string> lines;
  for (const StoredRecord& record :
       broker_.read_all(*names[static_cast<std::size_t>(topic)], Isolation::kReadCommitted)) {
    const bool letter = topic == Topic::kLate || topic == Topic::kDeadLetters;
    lines.push_back(record.key.value_or("(null)") + " " +
                    (letter ? envelope_of(record) : record.value.value_or("(null)")));
  }
  return lines;
}

KafkaPtr<rd_kafka_consumer_group_metadata_s> membership_of(int generation) {
  return KafkaPtr<rd_kafka_consumer_group_metadata_s>(
      rd_kafka_consumer_group_metadata_new_with_genid("group", generation, "member", nullptr));
}

}  // namespace driftcast
