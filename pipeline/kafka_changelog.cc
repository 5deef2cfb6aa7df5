#include "pipeline/kafka_changelog.h"

#include <librdkafka/rdkafka.h>

#include <chrono>

#include "config/units.h"
#include "pipeline/kafka_topic_config.h"
#include "pipeline/refusals.h"
#include "state/mark_codec.h"

namespace driftcast {
namespace {

constexpr const char* kDeletionsKept = "delete.retention.ms";
constexpr Duration kDefaultDeletionsKept = std::chrono::hours{24};
constexpr int kPollMs = 1000;
constexpr int kPatientPolls = 60;  // without a record; longer than any transaction may stay open

Error unreadable(Offset offset) {
  return error(ErrorCode::kConfig, "the record at offset " + std::to_string(offset) +
                                       " of the changelog was not written by this program, nor by an older one");
}

}  // namespace

std::string changelog_key(const Entry& entry) {
  std::string key(1, static_cast<char>(entry.table));
  return key.append(entry.key);
}

Result<ChangelogRecord> read_changelog_record(Offset offset, std::string_view key,
                                              std::optional<std::string_view> value) {
  ChangelogRecord record;
  record.offset = offset;
  if (key == kMarkKey) {
    if (!value) return unreadable(offset);
    auto mark = decode_mark(*value);
    if (!mark) return mark.error();
    record.mark = *mark;
    record.mark->changelog_offset = offset + 1;
    return record;
  }
  const bool known =
      !key.empty() && key[0] >= static_cast<char>(TableId::kUsers) && key[0] <= static_cast<char>(TableId::kPopulation);
  if (!known) return unreadable(offset);
  record.entry = Entry{static_cast<TableId>(key[0]), std::string(key.substr(1)), std::nullopt};
  if (value) record.entry->value = std::string(*value);
  return record;
}

Result<KafkaChangelog> KafkaChangelog::open(const KafkaOptions& options, const std::string& topic) {
  auto client = KafkaClient::make(KafkaClient::Role::kConsumer, options,
                                  {{"group.id", options.group},  // needed to assign, never joined
                                   {"enable.auto.commit", "false"},
                                   {"enable.partition.eof", "true"},
                                   {"isolation.level", "read_committed"},
                                   {"auto.offset.reset", "error"},
                                   {"fetch.wait.max.ms", "10"},
                                   // A full queue is not filled again for a second.
                                   {"queued.min.messages", "250000"},
                                   {"queued.max.messages.kbytes", "32768"},
                                   {"fetch.message.max.bytes", "262144"}});
  if (!client) return client.error();
  return KafkaChangelog(std::move(*client), topic);
}

// How long a deletion can be read at least. Who may not see the topic's settings takes the brokers' default.
Duration KafkaChangelog::deletions_kept() {
  if (deletions_kept_) return *deletions_kept_;
  deletions_kept_ = kDefaultDeletionsKept;
  if (const auto config = topic_config(client_, topic_); config && config->contains(kDeletionsKept)) {
    if (const auto ms = parse_integer(config->at(kDeletionsKept))) deletions_kept_ = Duration{*ms};
  }
  return *deletions_kept_;
}

Result<ChangelogExtent> KafkaChangelog::extent(Partition partition) {
  const auto range = client_.range_of(topic_, partition);
  if (!range) return range.error();
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const auto first = client_.offset_at(topic_, partition, EventTime{now.time_since_epoch() - deletions_kept() / 2});
  if (!first) return first.error();
  return ChangelogExtent{range->end, first->value_or(range->end)};
}

Result<void> KafkaChangelog::replay(Partition partition, Offset from, const Log::ChangelogConsumer& consumer,
                                    const StillWanted& wanted) {
  const auto range = client_.range_of(topic_, partition);
  if (!range) return range.error();
  if (from < range->begin) {
    return error(ErrorCode::kData, "partition " + std::to_string(partition) + " of the changelog '" + topic_ +
                                       "' begins at offset " + std::to_string(range->begin) + ", but is needed from " +
                                       std::to_string(from) + ": set its cleanup.policy to compact and nothing else");
  }
  DRIFTCAST_TRY(assign(partition, from));
  const Result<void> read = read_to_end(partition, from, consumer, wanted);
  DRIFTCAST_TRY(client_.assign(nullptr));
  return read;
}

Result<void> KafkaChangelog::assign(Partition partition, Offset from) {
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = from;
  return client_.assign(list.get());
}

// Only the brokers know that there is nothing at an offset: the end that they tell may lie before an open transaction.
Result<void> KafkaChangelog::read_to_end(Partition partition, Offset from, const Log::ChangelogConsumer& consumer,
                                         const StillWanted& wanted) {
  for (int silent = 0; silent < kPatientPolls;) {
    const KafkaPtr<rd_kafka_message_s> message(rd_kafka_consumer_poll(client_.get(), kPollMs));
    if (!message) {
      ++silent;
      if (wanted && !wanted()) return given_up("read the changelog '" + topic_ + "' to its end");
      continue;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      if (message->offset >= high_watermark(partition)) return {};
      continue;
    }
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) return ends_before(partition, from);
    DRIFTCAST_TRY(checked(message->err, "read the changelog '" + topic_ + "'"));
    silent = 0;
    std::optional<std::string_view> value;
    if (message->payload != nullptr) value = {static_cast<const char*>(message->payload), message->len};
    auto record =
        read_changelog_record(message->offset, {static_cast<const char*>(message->key), message->key_len}, value);
    if (!record) return record.error();
    auto more = consumer(std::move(*record));
    if (!more) return more.error();
    if (!*more) return {};
  }
  return error(ErrorCode::kUnavailable, "partition " + std::to_string(partition) + " of the changelog '" + topic_ +
                                            "' cannot be read to its end: no broker answers, or another producer "
                                            "has a transaction open on it");
}

// As the brokers said it with the last records or the last end: what is hidden counts.
Offset KafkaChangelog::high_watermark(Partition partition) const {
  Offset low = 0, high = 0;
  rd_kafka_get_watermark_offsets(client_.get(), topic_.c_str(), partition, &low, &high);
  return high;
}

Result<void> check_empty(KafkaChangelog& changelog, const std::string& group, Partition partition,
                         const StillWanted& wanted) {
  bool empty = true;
  const auto look = [&](ChangelogRecord&&) -> Result<bool> { return empty = false; };
  DRIFTCAST_TRY(changelog.replay(partition, 0, look, wanted));
  if (empty) return {};
  return error(ErrorCode::kConfig, "the group '" + group + "' has no committed offset for partition " +
                                       std::to_string(partition) +
                                       ", but the changelog holds states: the offsets have expired, or the changelog "
                                       "belongs to another group; give another kafka.group and topics.changelog to "
                                       "start afresh");
}

}  // namespace driftcast
