// driftcast check: is the configuration all right, and is on Kafka what it speaks of? All problems at once.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "config/fields.h"
#include "pipeline/commands/cli.h"
#include "pipeline/kafka_check.h"
#include "pipeline/serving_model.h"

namespace driftcast {
namespace {

struct CheckArguments {
  ConfigArguments config;
  bool kafka = false;
};

std::string_view mark_of(Finding::Verdict verdict) {
  return verdict == Finding::Verdict::kOk ? "ok" : verdict == Finding::Verdict::kWarning ? "warn" : "FAIL";
}

void show(const Finding& finding) {
  fmt::print("{:<4}  {}\n", mark_of(finding.verdict), finding.what);
  if (!finding.advice.empty()) fmt::print("      {}\n", finding.advice);
}

Result<void> check_on_kafka(const Settings& settings) {
  DRIFTCAST_TRY(require_brokers(settings));
  const auto findings = check_kafka(settings);
  if (!findings) return findings.error();
  for (const Finding& finding : *findings) show(finding);
  std::fflush(stdout);
  const auto problems = std::count_if(findings->begin(), findings->end(), [](const Finding& finding) {
    return finding.verdict == Finding::Verdict::kProblem;
  });
  if (problems == 0) return {};
  return error(ErrorCode::kConfig,
               problems == 1 ? "1 problem on Kafka" : fmt::format("{} problems on Kafka", problems));
}

Result<void> check(const CheckArguments& arguments) {
  const auto settings = arguments.config.load();
  if (!settings) return settings.error();
  const auto models = open_model(*settings);
  if (!models) return models.error();
  fmt::print("ok: {} settings, output hash {:016x}, model {}\n", fields().size(), output_hash(*settings), models->id);
  return arguments.kafka ? check_on_kafka(*settings) : Result<void>();
}

}  // namespace

void add_check_command(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("check", "Check a configuration; prints every problem, exits 78 if there is one");
  auto arguments = std::make_shared<CheckArguments>();
  arguments->config.add_to(*command);
  command->add_flag("--kafka", arguments->kafka, "Then also brokers, topics, rights and the newest records on Kafka");
  command->footer("Example:\n  driftcast check --kafka --set kafka.brokers=localhost:9092 --set topics.input=events");
  command->callback([arguments, &code] {
    const auto checked = check(*arguments);
    code = checked ? 0 : complain(checked.error());
  });
}

}  // namespace driftcast
