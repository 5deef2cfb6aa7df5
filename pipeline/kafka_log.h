// KafkaLog: topics as one Log, for an instance of a consumer group: a KafkaSource, a KafkaSink and a KafkaChangelog, under a
// KafkaGroup that says which partitions are this instance's.
//
// The group gives partitions for a time. acquire() waits for them; then the log works on exactly these, until
// keeps_assignment() says that they are asked back or lost; then acquire() again.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>

#include "pipeline/kafka_changelog.h"
#include "pipeline/kafka_end.h"
#include "pipeline/kafka_group.h"
#include "pipeline/kafka_sink.h"
#include "pipeline/kafka_source.h"
#include "pipeline/log.h"
#include "pipeline/options.h"

namespace driftcast {

class KafkaLog final : public Log {
 public:
  // Connects, checks the topics, joins the group. `until` the end: as the topic's ends are now.
  static Result<std::unique_ptr<KafkaLog>> open(const PipelineOptions& options, Until until);

  // Gives back what is asked back, then waits until there are partitions to work on; false: `stop` has become true. While no
  // broker answers it tries again, for ever. Fails with kRestart when another instance has taken this one's place. Read until
  // its end, false also when the group has committed all of it. `waiting` is told again and again what the trouble is;
  // empty: there is none.
  Result<bool> acquire(const std::atomic<bool>& stop,
                       const std::function<void(const std::string& trouble)>& waiting = {});

  // For who has committed all partitions held: waits until the group has done so with all there are, for others may need to
  // be taken over; true. False: the assignment changes, or `stop` has become true.
  Result<bool> await_end(const std::atomic<bool>& stop);

  const std::vector<Partition>& assigned() const override { return group_->assigned(); }
  Result<bool> keeps_assignment() override;
  Offset start_offset(Partition partition) const override { return source_->start_offset(partition); }
  Result<void> seek(Partition partition, Offset offset) override;
  Result<void> poll(Partition partition, std::size_t max, Slice& slice) override;
  bool exhausted(Partition partition) const override { return source_->exhausted(partition); }

  std::optional<Offset> known_end(Partition partition) const override {
    return group_->client().known_end(options_.topics.input, partition);
  }
  // Of what a bounded run had to read of the partitions held, the share that is read, 0 to 1; 0 when nothing is known
  // of an end. By the reading thread.
  double progress() const;
  std::string trouble() override { return group_->reaches_brokers() ? "" : "no broker answers"; }

  Result<void> begin() override;
  Result<void> write(Partition partition, const Outbox& outbox) override { return sink_->write(partition, outbox); }
  Result<Offset> write_changelog(Partition partition, std::span<const Entry> entries, const Mark& mark) override {
    return sink_->write_changelog(partition, entries, mark);
  }
  Result<void> send_offsets(std::span<const OffsetCommit> offsets) override;
  Result<void> commit() override;
  Result<void> abort() override { return sink_->abort(); }

  // Nothing committed is the first run of a group only while nothing is in the changelog; else it is refused.
  using Log::committed;
  Result<std::optional<OffsetCommit>> committed(Partition partition, const StillWanted& wanted) override;
  bool has_changelog() const override { return true; }
  Result<ChangelogExtent> changelog_extent(Partition partition) override { return changelog_->extent(partition); }
  using Log::replay_changelog;
  Result<void> replay_changelog(Partition partition, Offset from, const ChangelogConsumer& consumer,
                                const StillWanted& wanted) override {
    return changelog_->replay(partition, from, consumer, wanted);
  }

 private:
  explicit KafkaLog(const PipelineOptions& options) : options_(options) {}
  Result<void> note_ends();
  Result<bool> at_end();
  Result<void> open_sink();
  Result<void> connect();
  Result<void> wait_for_verdict();
  Result<std::optional<OffsetCommit>> fetch_committed(Partition partition, const StillWanted& wanted) const;
  Result<void> check_first_run(Partition partition, const StillWanted& wanted);
  Result<void> check_membership() const;

  const PipelineOptions& options_;
  std::string transactional_id_;
  std::unique_ptr<KafkaGroup> group_;
  Start start_;
  KafkaSource::Ends ends_;
  std::optional<KafkaEnd> end_;  // of a bounded run
  struct Reading {
    Offset from = 0;  // where this instance began
    Offset next = 0;
    bool whole = false;  // exhausted at the last seek or poll: progress() asks no lane that another thread may open
  };
  std::map<Partition, Reading> readings_;
  std::chrono::steady_clock::time_point end_asked_{};
  std::unique_ptr<KafkaChangelog> changelog_;
  std::unique_ptr<KafkaSource> source_;  // of the partitions held; before the group, whose client it borrows
  std::unique_ptr<KafkaSink> sink_;
};

}  // namespace driftcast
