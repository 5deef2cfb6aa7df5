#include "pipeline/kafka_start_check.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "pipeline/kafka_check_rights.h"
#include "pipeline/kafka_check_sample.h"
#include "pipeline/kafka_check_topics.h"

namespace driftcast {
namespace {

// The problems among the findings, one below the other; the warnings are logged.
std::string problems_of(const std::vector<Finding>& findings) {
  std::string problems;
  for (const Finding& finding : findings) {
    const std::string text = finding.advice.empty() ? finding.what : finding.what + "; " + finding.advice;
    if (finding.verdict == Finding::Verdict::kWarning) spdlog::warn("{}", text);
    if (finding.verdict == Finding::Verdict::kProblem) problems += "\n  " + text;
  }
  return problems;
}

Result<void> refuse(const std::string& problems) {
  if (problems.empty()) return {};
  return error(ErrorCode::kConfig, "the job cannot run on these topics:" + problems);
}

}  // namespace

Result<void> check_start(const Settings& settings) {
  auto reader = KafkaReader::open(settings.pipeline.kafka);
  if (!reader) return reader.error();
  const auto input = reader->client().find_topic(settings.pipeline.topics.input);
  if (!input) return input.error();  // also when no broker answers
  DRIFTCAST_TRY(refuse(problems_of(check_topics(reader->client(), settings.pipeline))));
  const auto committed = committed_partitions(reader->client(), settings.pipeline, **input);
  if (!committed) return committed.error();
  if (*committed > 0) return {};  // its records were looked at when it began
  return refuse(problems_of(check_sample(*reader, settings)));
}

}  // namespace driftcast
