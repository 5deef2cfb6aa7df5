#include "pipeline/kafka_end.h"

#include <librdkafka/rdkafka.h>

#include <array>

namespace driftcast {
namespace {

constexpr int kAnswerMs = 5'000;
constexpr Duration kRecordWait{200};
constexpr int kRecordTries = 25;

}  // namespace

Result<KafkaEnd> KafkaEnd::open(const KafkaClient& member, const KafkaOptions& options, const std::string& topic,
                                const std::map<Partition, Offset>& ends) {
  auto reader = KafkaReader::open(options);
  if (!reader) return reader.error();
  return KafkaEnd(member, std::move(*reader), topic, ends);
}

// Behind the last record there may be marks of transactions, which have offsets, too, and which nobody commits.
Result<bool> KafkaEnd::holds_no_record(Partition partition, OffsetRange range) {
  const std::array stretch = {KafkaReader::Stretch{topic_, partition, range}};
  DRIFTCAST_TRY(reader_.assign(stretch));
  for (int tried = 0; tried < kRecordTries && !reader_.at_end(); ++tried) {
    const auto record = reader_.poll(kRecordWait);
    if (!record) return record.error();
    if (*record) return (*record)->offset >= range.end;
  }
  return reader_.at_end();
}

Result<bool> KafkaEnd::reached() {
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(left_.size())));
  for (const auto& [partition, end] : left_) {
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition);
  }
  if (rd_kafka_committed(member_.get(), list.get(), kAnswerMs) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& committed = list->elems[i];
    if (committed.err != RD_KAFKA_RESP_ERR_NO_ERROR || committed.offset < 0) return false;
    const Offset end = left_.at(committed.partition);
    if (committed.offset < end) {
      const auto nothing_left = holds_no_record(committed.partition, {committed.offset, end});
      if (!nothing_left) return nothing_left.error();
      if (!*nothing_left) return false;
    }
    left_.erase(committed.partition);
  }
  return true;
}

}  // namespace driftcast
