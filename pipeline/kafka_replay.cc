#include "pipeline/kafka_replay.h"

#include <atomic>

#include "pipeline/job.h"
#include "pipeline/kafka_source.h"
#include "state/memory_store.h"

namespace driftcast {
namespace {

KafkaClient::Properties replaying(const KafkaOptions& options) {
  KafkaClient::Properties properties = KafkaSource::fetching();
  properties.insert(properties.end(), {{"group.id", options.group},  // needed to assign, never joined
                                       {"enable.auto.commit", "false"},
                                       {"enable.auto.offset.store", "false"},
                                       {"isolation.level", "read_committed"},
                                       {"auto.offset.reset", "error"}});
  return properties;
}

// The topic as a log that forgets all that is written to it.
class ReplayLog final : public Log {
 public:
  ReplayLog(std::unique_ptr<KafkaSource> source, std::vector<Partition> partitions, std::int64_t records)
      : source_(std::move(source)), partitions_(std::move(partitions)), records_(records) {}

  const std::vector<Partition>& assigned() const override { return partitions_; }
  Offset start_offset(Partition partition) const override { return source_->start_offset(partition); }
  Result<void> seek(Partition partition, Offset offset) override {
    source_->seek(partition, offset);
    return {};
  }
  Result<void> poll(Partition partition, std::size_t max, Slice& slice) override {
    DRIFTCAST_TRY(source_->poll(partition, max, slice));
    read_ += static_cast<std::int64_t>(slice.records.size());
    return {};
  }
  bool exhausted(Partition partition) const override { return source_->exhausted(partition); }

  Result<void> begin() override { return {}; }
  Result<void> write(Partition, const Outbox&) override { return {}; }
  Result<Offset> write_changelog(Partition, std::span<const Entry>, const Mark&) override { return Offset{0}; }
  Result<void> send_offsets(std::span<const OffsetCommit>) override { return {}; }
  Result<void> commit() override { return {}; }
  Result<void> abort() override { return {}; }

  Result<std::optional<OffsetCommit>> committed(Partition, const StillWanted&) override {
    return std::optional<OffsetCommit>();
  }
  bool has_changelog() const override { return false; }
  Result<void> replay_changelog(Partition, Offset, const ChangelogConsumer&, const StillWanted&) override { return {}; }

  // Offsets that hold no record count as still to come.
  double progress() const { return records_ > 0 ? static_cast<double>(read_) / static_cast<double>(records_) : 0; }

 private:
  std::unique_ptr<KafkaSource> source_;
  std::vector<Partition> partitions_;
  std::int64_t records_;
  std::atomic<std::int64_t> read_{0};
};

Result<std::unique_ptr<ReplayLog>> open_log(const KafkaClient& client, const std::string& topic,
                                            const std::map<Partition, Offset>& ends) {
  std::vector<Partition> partitions;
  for (const auto& [partition, end] : ends) partitions.push_back(partition);
  auto source = KafkaSource::open(client, topic, partitions, Start{}, ends);
  if (!source) return source.error();
  std::int64_t records = 0;
  for (const auto& [partition, end] : ends) records += end - (*source)->start_offset(partition);
  return std::make_unique<ReplayLog>(std::move(*source), std::move(partitions), records);
}

}  // namespace

Result<KafkaReplay> KafkaReplay::open(const KafkaOptions& options, const std::string& topic) {
  const auto client = KafkaClient::make(KafkaClient::Role::kConsumer, options, replaying(options));
  if (!client) return client.error();
  const auto partitions = client->partitions_of(topic);
  if (!partitions) return partitions.error();
  std::map<Partition, Offset> ends;
  for (const Partition partition : first_partitions(*partitions)) {
    const auto range = client->range_of(topic, partition);
    if (!range) return range.error();
    ends[partition] = range->end;
  }
  return KafkaReplay(topic, std::move(ends));
}

Result<Summary> KafkaReplay::run(const Settings& settings, const ModelSet& models, const std::atomic<bool>& stop,
                                 const std::function<void(const Progress&)>& report, const Watchers& watchers) const {
  const KafkaOptions& options = settings.pipeline.kafka;
  const auto client = KafkaClient::make(KafkaClient::Role::kConsumer, options, replaying(options));
  if (!client) return client.error();
  auto log = open_log(*client, topic_, ends_);
  if (!log) return log.error();
  MemoryStore store;
  Job job(settings, models, store, {stop, report, [&] { return (*log)->progress(); }, watchers});
  DRIFTCAST_TRY(job.work(**log, Job::Opening::kAllFirst));
  return job.summary();
}

}  // namespace driftcast
