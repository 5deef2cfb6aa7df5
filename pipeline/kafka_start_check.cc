#include "pipeline/kafka_start_check.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "pipeline/kafka_check_rights.h"
#include "pipeline/kafka_check_sample.h"
#include "pipeline/kafka_check_topics.h"

namespace driftcast {
namespace {

std::string text_of(const Finding& finding) {
  return finding.advice.empty() ? finding.what : finding.what + "; " + finding.advice;
}

// Records that cannot be read are what dead letters are for; those of users that are mixed up are not.
Result<void> check_records(KafkaReader& reader, const Settings& settings) {
  const std::string& input = settings.pipeline.topics.input;
  const auto sample = sample_input(reader, settings, kNewestRecords);
  if (!sample) return sample.error();
  const Finding decoding = check_decoding(*sample, input);
  if (decoding.verdict != Finding::Verdict::kOk) spdlog::warn("{}", text_of(decoding));
  const auto keys = check_keys(*sample, input);
  return keys ? judge({*keys}) : Result<void>();
}

}  // namespace

Result<void> judge(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    if (finding.unanswered) return error(ErrorCode::kUnavailable, finding.what);
  }
  std::string problems;
  bool refused = false;
  for (const Finding& finding : findings) {
    if (finding.verdict == Finding::Verdict::kWarning) spdlog::warn("{}", text_of(finding));
    if (finding.verdict == Finding::Verdict::kProblem) problems += "\n  " + text_of(finding);
    refused = refused || finding.refused;
  }
  if (problems.empty()) return {};
  return error(refused ? ErrorCode::kRefused : ErrorCode::kConfig, "the job cannot run on these topics:" + problems);
}

Result<void> check_start(const Settings& settings, Outputs outputs, const KafkaClient::Wait& wait) {
  auto reader = KafkaReader::open(settings.pipeline.kafka);
  if (!reader) return reader.error();
  const auto input = reader->client().find_topic(settings.pipeline.topics.input, wait);
  if (!input) return input.error();  // also when no broker answers
  DRIFTCAST_TRY(judge(check_topics(reader->client(), settings.pipeline, outputs)));
  const auto committed = committed_partitions(reader->client(), settings.pipeline, **input);
  if (!committed) return committed.error();
  if (*committed > 0) return {};  // its records were looked at when it began
  return check_records(*reader, settings);
}

}  // namespace driftcast
