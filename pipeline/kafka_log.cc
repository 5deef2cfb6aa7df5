#include "pipeline/kafka_log.h"

#include <librdkafka/rdkafka.h>

#include <numeric>

#include "pipeline/kafka_offset.h"

namespace driftcast {
namespace {

constexpr int kStableMs = 60'000;  // longer than any transaction that may still hold an offset back

}  // namespace

KafkaLog::KafkaLog(const PipelineOptions& options, std::unique_ptr<KafkaSource> source, std::unique_ptr<KafkaSink> sink,
                   KafkaChangelog changelog)
    : input_(options.topics.input),
      group_(options.kafka.group),
      source_(std::move(source)),
      sink_(std::move(sink)),
      changelog_(std::move(changelog)),
      member_(rd_kafka_consumer_group_metadata(source_->client().get())) {}

Result<std::unique_ptr<KafkaLog>> KafkaLog::open(const PipelineOptions& options, Until until) {
  auto source = KafkaSource::open(options.kafka, options.topics.input, until);
  if (!source) return source.error();
  auto sink = KafkaSink::open(options.kafka, options.topics, (*source)->partitions());
  if (!sink) return sink.error();
  auto changelog = KafkaChangelog::open(options.kafka, options.topics.changelog);
  if (!changelog) return changelog.error();
  std::vector<Partition> all(static_cast<std::size_t>((*source)->partitions()));
  std::iota(all.begin(), all.end(), 0);
  DRIFTCAST_TRY((*source)->assign(all));
  return std::unique_ptr<KafkaLog>(new KafkaLog(options, std::move(*source), std::move(*sink), std::move(*changelog)));
}

Result<std::optional<OffsetCommit>> KafkaLog::committed(Partition partition) {
  const std::string tried = "fetch the committed offset of partition " + std::to_string(partition);
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(rd_kafka_topic_partition_list_new(1));
  const rd_kafka_topic_partition_t& entry = *rd_kafka_topic_partition_list_add(list.get(), input_.c_str(), partition);
  DRIFTCAST_TRY(checked(rd_kafka_committed(source_->client().get(), list.get(), kStableMs), tried));
  DRIFTCAST_TRY(checked(entry.err, tried));
  if (entry.offset < 0) {
    DRIFTCAST_TRY(check_first_run(partition));
    return std::optional<OffsetCommit>();
  }
  const std::string text(static_cast<const char*>(entry.metadata), entry.metadata_size);
  auto read = read_offset_text(partition, entry.offset, text);
  if (!read) return read.error();
  return std::optional(*read);
}

Result<void> KafkaLog::check_first_run(Partition partition) {
  bool empty = true;
  DRIFTCAST_TRY(changelog_.replay(partition, 0, [&](const ChangelogRecord&) -> Result<bool> { return empty = false; }));
  if (empty) return {};
  return error(ErrorCode::kConfig, "the group '" + group_ + "' has no committed offset for partition " +
                                       std::to_string(partition) +
                                       ", but the changelog holds states: the offsets have expired, or the changelog "
                                       "belongs to another group; give another topics.changelog to start afresh");
}

}  // namespace driftcast
