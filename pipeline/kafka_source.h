// KafkaSource: the partitions of a topic that are assigned to this instance, each read from a queue of its own.
//
// Every position is explicit. A new one assigns all partitions again: the client's own seeking is not to be trusted
// (librdkafka before 2.1). A partition that nobody polls is just not fetched further: that is the back-pressure.
// One thread polls, and it alone.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "pipeline/kafka_handle.h"
#include "pipeline/options.h"
#include "pipeline/slice.h"

namespace driftcast {

class KafkaSource {
 public:
  static Result<std::unique_ptr<KafkaSource>> open(const KafkaOptions& options, const std::string& topic, Until until);
  ~KafkaSource();

  int partitions() const { return partitions_; }  // of the topic
  const KafkaClient& client() const { return client_; }

  // To be called once, before all else: which partitions are read.
  Result<void> assign(std::span<const Partition> partitions);

  Offset start_offset(Partition partition) const { return lane(partition).range.begin; }
  void seek(Partition partition, Offset offset);
  // Appends up to `max` records to an empty slice. Waits a few milliseconds when no partition has any.
  Result<void> poll(Partition partition, std::size_t max, Slice& slice);
  bool exhausted(Partition partition) const;

 private:
  struct Lane {
    KafkaPtr<rd_kafka_queue_s> queue;
    OffsetRange range;  // when it was assigned
    Offset next = 0;    // all before it is read; not only records have offsets, ends of transactions do, too
    bool dry = false;   // had nothing when last polled
  };
  class Messages;

  KafkaSource(KafkaClient client, std::string topic, int partitions, Until until)
      : client_(std::move(client)), topic_(std::move(topic)), partitions_(partitions), until_(until) {}
  const Lane& lane(Partition partition) const { return lanes_.at(partition); }
  Result<void> assign_positions();
  Result<void> append(Partition partition, const Messages& messages, Slice& slice);
  Error failure_at(Partition partition, const rd_kafka_message_s& message) const;
  void wait();

  KafkaClient client_;
  std::string topic_;
  int partitions_;
  Until until_;
  int bell_ = -1;  // an eventfd that any of the queues rings when something comes
  std::map<Partition, Lane> lanes_;
  bool assigned_ = false;  // at the lanes' positions
};

}  // namespace driftcast
