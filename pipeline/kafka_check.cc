#include "pipeline/kafka_check.h"

#include "config/fields.h"
#include "models/model_set.h"
#include "pipeline/kafka_check_rights.h"
#include "pipeline/kafka_check_sample.h"
#include "pipeline/kafka_check_states.h"
#include "pipeline/kafka_check_topics.h"

namespace driftcast {
namespace {

Result<Finding> check_brokers(const KafkaClient& client, const std::string& brokers) {
  const auto found = client.count_brokers();
  if (found) return fine("kafka.brokers: asked " + brokers + ", found " + std::to_string(*found));
  if (found.error().code != ErrorCode::kUnavailable) return found.error();
  return error(ErrorCode::kUnavailable, found.error().message + "; asked " + brokers +
                                            ": do they run, is kafka.brokers right, and do they want a "
                                            "kafka.client.security.protocol?");
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
  for (Finding& finding : check_reading(reader->client(), options.topics)) findings.push_back(std::move(finding));
  for (Finding& finding : check_writing(reader->client(), options.kafka, options.topics))
    findings.push_back(std::move(finding));
  findings.push_back(check_transactions(options.kafka));
  findings.push_back(check_group(reader->client(), options));
  const Making now{Mark::kFormat, output_hash(settings)};
  if (auto states = check_states(reader->client(), options, now)) findings.push_back(std::move(*states));
  const auto input = reader->client().find_topic(options.topics.input);
  if (!input || !*input) return findings;  // told above
  for (Finding& finding : check_sample(*reader, settings)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace driftcast
