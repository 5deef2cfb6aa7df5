// The changelog in Kafka: how states and marks are records of a compacted topic, and how they are read back.
//
// An entry's key is a byte for its table and its own key; a deletion has no value. All marks of a partition have one key
// of a zero byte, so that compaction keeps the newest.
#pragma once

#include <string>
#include <string_view>

#include "pipeline/kafka_handle.h"
#include "pipeline/log.h"

namespace driftcast {

inline constexpr std::string_view kMarkKey("\0", 1);

std::string changelog_key(const Entry& entry);

// A record as it was read; `value` is absent for a deletion. A mark's changelog_offset is the one after its record.
Result<ChangelogRecord> read_changelog_record(Offset offset, std::string_view key,
                                              std::optional<std::string_view> value);

class KafkaChangelog {
 public:
  static Result<KafkaChangelog> open(const KafkaOptions& options, const std::string& topic);

  // Where a state must begin to be sure of all deletions is asked of the topic's delete.retention.ms.
  Result<ChangelogExtent> extent(Partition partition);

  // Hands out what is committed from an offset on, until the consumer answers false or the partition ends. Waits for
  // transactions that are open at its end: what they hide may be the newest mark. Call it after the committed offset was
  // fetched, never before: in between a predecessor's last epoch may appear.
  Result<void> replay(Partition partition, Offset from, const Log::ChangelogConsumer& consumer,
                      const StillWanted& wanted = {});

 private:
  KafkaChangelog(KafkaClient client, std::string topic) : client_(std::move(client)), topic_(std::move(topic)) {}
  Duration deletions_kept();
  Result<void> assign(Partition partition, Offset from);
  Result<void> read_to_end(Partition partition, Offset from, const Log::ChangelogConsumer& consumer,
                           const StillWanted& wanted);
  Offset high_watermark(Partition partition) const;

  KafkaClient client_;
  std::string topic_;
  std::optional<Duration> deletions_kept_;  // delete.retention.ms; absent: not asked yet
};

// The first run of a group, which has committed nothing, begins with nothing: refused with kConfig where the changelog
// holds records.
Result<void> check_empty(KafkaChangelog& changelog, const std::string& group, Partition partition,
                         const StillWanted& wanted = {});

}  // namespace driftcast
