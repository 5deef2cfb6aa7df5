#include "pipeline/kafka_check_states.h"

#include <map>

#include "pipeline/kafka_changelog.h"
#include "pipeline/kafka_check_rights.h"
#include "pipeline/kafka_offset.h"

namespace driftcast {
namespace {

// What a job says when it refuses: why, and what helps. What cannot be looked at need not be wrong.
Finding finding_of(const Error& failure) {
  const std::string& message = failure.message;
  if (failure.code != ErrorCode::kConfig) return warning(message, "");
  const std::size_t end = message.find("; ");
  if (end == std::string::npos) return problem(message, "");
  return problem(message.substr(0, end), message.substr(end + 2));
}

Result<void> check_offset(const CommittedOffset& committed, int partitions, const Making& now) {
  const auto commit = read_offset_text(committed.partition, committed.offset, committed.text);
  if (!commit) return commit.error();
  DRIFTCAST_TRY(check_same_partitions(*commit, partitions));
  return check_fits(making_of(*commit), now, committed.partition, true);
}

Result<void> check_partitions(const PipelineOptions& options, const std::vector<CommittedOffset>& offsets,
                              int partitions, const Making& now) {
  std::map<Partition, const CommittedOffset*> committed;
  for (const CommittedOffset& offset : offsets) committed[offset.partition] = &offset;
  auto changelog = KafkaChangelog::open(options.kafka, options.topics.changelog);
  if (!changelog) return changelog.error();
  const auto at_once = [] { return false; };  // a running job's transactions are not waited for
  for (const Partition partition : first_partitions(partitions)) {
    const auto found = committed.find(partition);
    DRIFTCAST_TRY(found != committed.end() ? check_offset(*found->second, partitions, now)
                                           : check_empty(*changelog, options.kafka.group, partition, at_once));
  }
  return {};
}

}  // namespace

std::optional<Finding> check_states(const KafkaClient& client, const PipelineOptions& options, const Making& now) {
  const auto input = client.find_topic(options.topics.input), changelog = client.find_topic(options.topics.changelog);
  if (!input || !*input || !changelog || *changelog != *input) return std::nullopt;
  const auto offsets = committed_offsets(client, options, **input);
  if (!offsets) return std::nullopt;
  const auto fits = check_partitions(options, *offsets, **input, now);
  if (!fits && fits.error().code == ErrorCode::kRefused) return std::nullopt;  // told with the rights
  if (!fits) return finding_of(fits.error());
  if (offsets->empty()) return fine("topics.changelog '" + options.topics.changelog + "' is empty, as for a first run");
  return fine("what kafka.group '" + options.kafka.group + "' has committed fits this configuration");
}

}  // namespace driftcast
