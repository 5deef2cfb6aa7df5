// KafkaLog: a KafkaSource, a KafkaSink and a KafkaChangelog as one Log, for one consumer group.
//
// This instance works on all partitions of the input topic; a second instance of the group fences the first.
#pragma once

#include <memory>
#include <span>

#include "pipeline/kafka_changelog.h"
#include "pipeline/kafka_sink.h"
#include "pipeline/kafka_source.h"
#include "pipeline/log.h"
#include "pipeline/options.h"

namespace driftcast {

class KafkaLog final : public Log {
 public:
  // Connects, checks the topics and takes the group over from an instance before.
  static Result<std::unique_ptr<KafkaLog>> open(const PipelineOptions& options, Until until);

  int partitions() const override { return source_->partitions(); }
  Offset start_offset(Partition partition) const override { return source_->start_offset(partition); }
  Result<void> seek(Partition partition, Offset offset) override {
    source_->seek(partition, offset);
    return {};
  }
  Result<void> poll(Partition partition, std::size_t max, Slice& slice) override {
    return source_->poll(partition, max, slice);
  }
  bool exhausted(Partition partition) const override { return source_->exhausted(partition); }

  Result<void> begin() override { return sink_->begin(); }
  Result<void> write(Partition partition, const Outbox& outbox) override { return sink_->write(partition, outbox); }
  Result<Offset> write_changelog(Partition partition, std::span<const Entry> entries, const Mark& mark) override {
    return sink_->write_changelog(partition, entries, mark);
  }
  Result<void> send_offsets(std::span<const OffsetCommit> offsets) override {
    return sink_->send_offsets(offsets, input_, *member_);
  }
  Result<void> commit() override { return sink_->commit(); }
  Result<void> abort() override { return sink_->abort(); }

  // Nothing committed is the first run of a group only while nothing is in the changelog; else it is refused.
  Result<std::optional<OffsetCommit>> committed(Partition partition) override;
  bool has_changelog() const override { return true; }
  Result<void> replay_changelog(Partition partition, Offset from, const ChangelogConsumer& consumer) override {
    return changelog_.replay(partition, from, consumer);
  }

 private:
  KafkaLog(const PipelineOptions& options, std::unique_ptr<KafkaSource> source, std::unique_ptr<KafkaSink> sink,
           KafkaChangelog changelog);
  Result<void> check_first_run(Partition partition);

  std::string input_, group_;
  std::unique_ptr<KafkaSource> source_;
  std::unique_ptr<KafkaSink> sink_;
  KafkaChangelog changelog_;
  KafkaPtr<rd_kafka_consumer_group_metadata_s> member_;  // as of the assignment; all its epochs commit with this one
};

}  // namespace driftcast
