#include "pipeline/kafka_check.h"

#include <librdkafka/rdkafka.h>

#include "pipeline/kafka_check_rights.h"
#include "pipeline/kafka_check_sample.h"
#include "pipeline/kafka_check_topics.h"

namespace driftcast {
namespace {

constexpr int kAnswerMs = 15'000;

Result<Finding> check_brokers(const KafkaClient& client, const std::string& brokers) {
  const rd_kafka_metadata_t* got = nullptr;
  const auto answered = checked(rd_kafka_metadata(client.get(), 0, nullptr, &got, kAnswerMs), "reach a broker");
  if (!answered) {
    return error(answered.error().code, answered.error().message + "; asked " + brokers +
                                            ": do they run, is kafka.brokers right, and do they want a "
                                            "kafka.client.security.protocol?");
  }
  const std::unique_ptr<const rd_kafka_metadata_t, void (*)(const rd_kafka_metadata_t*)> metadata(
      got, rd_kafka_metadata_destroy);
  return fine("kafka.brokers: asked " + brokers + ", found " + std::to_string(metadata->broker_cnt));
}

}  // namespace

Result<std::vector<Finding>> check_kafka(const Settings& settings) {
  const PipelineOptions& options = settings.pipeline;
  auto reader = KafkaReader::open(options.kafka);
  if (!reader) return reader.error();
  const auto brokers = check_brokers(reader->client(), options.kafka.brokers);
  if (!brokers) return brokers.error();
  std::vector<Finding> findings = {*brokers};
  for (Finding& finding : check_topics(reader->client(), options)) findings.push_back(std::move(finding));
  findings.push_back(check_transactions(options.kafka));
  findings.push_back(check_group(reader->client(), options));
  const auto input = reader->client().find_topic(options.topics.input);
  if (!input || !*input) return findings;  // told above
  for (Finding& finding : check_sample(*reader, settings)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace driftcast
