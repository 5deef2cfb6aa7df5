// KafkaSource: some partitions of a topic, each read from a queue of its own.
//
// Every position is explicit. A new one assigns all partitions again: the client's own seeking is not to be trusted
// (librdkafka before 2.1). A partition that nobody polls is just not fetched further: that is the back-pressure. One
// thread seeks and polls.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pipeline/kafka_handle.h"
#include "pipeline/options.h"
#include "pipeline/slice.h"

namespace driftcast {

class KafkaSource {
 public:
  // Offsets behind the last record of each partition, where reading ends; none: it never does.
  using Ends = std::optional<std::map<Partition, Offset>>;

  // How the client it borrows is to fetch. Of a partition the client holds what is processed in the second that a full
  // queue is not filled again, and gets it in small pieces: that is its share of the memory.
  static KafkaClient::Properties fetching();

  // Borrows the client, which must outlive the source. Asks for the partitions' ranges; fails with kUnavailable when
  // nobody answers in time.
  static Result<std::unique_ptr<KafkaSource>> open(const KafkaClient& client, const std::string& topic,
                                                   std::span<const Partition> partitions, const Start& start,
                                                   Ends ends);
  ~KafkaSource();

  Offset start_offset(Partition partition) const { return lane(partition).start; }
  // Read at least as far as this: what has been processed elsewhere must be read again here. Before the first poll.
  void reach(Partition partition, Offset end);
  void seek(Partition partition, Offset offset);
  // Appends up to `max` records to an empty slice. Waits a few milliseconds when no partition has any.
  Result<void> poll(Partition partition, std::size_t max, Slice& slice);
  bool exhausted(Partition partition) const;

 private:
  struct Lane {
    KafkaPtr<rd_kafka_queue_s> queue;
    Offset start = 0;           // of a first run
    std::optional<Offset> end;  // all from here on is not read
    Offset next = 0;            // all before it is read; not only records have offsets, ends of transactions do, too
    bool sought = false;        // `next` was set
    bool dry = false;           // had nothing when last polled
  };
  class Messages;

  KafkaSource(const KafkaClient& client, std::string topic) : client_(client), topic_(std::move(topic)) {}
  Result<void> add(Partition partition, const Start& start);
  Result<Offset> first_offset(Partition partition, const Start& start) const;
  const Lane& lane(Partition partition) const { return lanes_.at(partition); }
  Result<void> assign_positions();
  Result<void> append(Partition partition, const Messages& messages, Slice& slice);
  Error failure_at(Partition partition, const rd_kafka_message_s& message) const;
  void wait();

  const KafkaClient& client_;
  std::string topic_;
  int bell_ = -1;  // an eventfd that any of the queues rings when something comes
  std::map<Partition, Lane> lanes_;
  bool assigned_ = false;  // at the lanes' positions
};

}  // namespace driftcast
