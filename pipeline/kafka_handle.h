// What librdkafka hands out, owned: clients, queues, topics, lists of partitions, messages; and its errors, with what
// they allow one to do next. The library itself is known to kafka_*.cc only.
//
// A client has threads of its own and is thread-safe. A queue must go before its client.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "pipeline/options.h"

struct rd_kafka_s;
struct rd_kafka_queue_s;
struct rd_kafka_topic_s;
struct rd_kafka_message_s;
struct rd_kafka_topic_partition_list_s;
struct rd_kafka_consumer_group_metadata_s;
struct rd_kafka_error_s;
struct rd_kafka_headers_s;
struct rd_kafka_op_s;  // an event
struct rd_kafka_metadata;
struct rd_kafka_NewTopic_s;
struct rd_kafka_ConfigResource_s;
struct rd_kafka_ListConsumerGroupOffsets_s;

namespace driftcast {

struct KafkaDestroy {
  void operator()(rd_kafka_s* client) const;
  void operator()(rd_kafka_queue_s* queue) const;
  void operator()(rd_kafka_topic_s* topic) const;
  void operator()(rd_kafka_message_s* message) const;
  void operator()(rd_kafka_topic_partition_list_s* list) const;
  void operator()(rd_kafka_consumer_group_metadata_s* metadata) const;
  void operator()(rd_kafka_error_s* error) const;
  void operator()(rd_kafka_headers_s* headers) const;
  void operator()(rd_kafka_op_s* event) const;
  void operator()(const struct rd_kafka_metadata* metadata) const;
  void operator()(rd_kafka_NewTopic_s* topic) const;
  void operator()(rd_kafka_ConfigResource_s* resource) const;
  void operator()(rd_kafka_ListConsumerGroupOffsets_s* request) const;
};
template <class Thing>
using KafkaPtr = std::unique_ptr<Thing, KafkaDestroy>;

// Why a call failed, and what may be done about it. Nothing of the five: unknown, so the handle is of no more use.
struct KafkaFailure {
  std::string message;
  bool retriable = false;  // the same call may be repeated
  bool abortable = false;  // the transaction must be aborted
  bool fatal = false;      // the client is of no more use
  bool fenced = false;     // because another one took its place
  bool forbidden = false;  // for want of a right
};

// Takes the error over; nothing when it is null.
std::optional<KafkaFailure> failure_of(rd_kafka_error_s* error);

// When a record was written, as its producer or its broker says; absent: they do not, or say nonsense.
std::optional<EventTime> timestamp_of(const rd_kafka_message_s& message);

// What a call that returns a code says; nothing when it has succeeded. Code: an rd_kafka_resp_err_t.
// What there is no right to is kRefused.
Result<void> checked(int code, const std::string& tried);

// Offsets from `begin`, before `end`; for a reader of committed records `end` is the last stable offset.
struct OffsetRange {
  Offset begin = 0, end = 0;
};

class KafkaClient {
 public:
  enum class Role { kConsumer, kProducer };
  using Properties = std::vector<std::pair<std::string, std::string>>;

  // A producer's record that was written, or not: then `failure` says why. `tag` is what it was produced with.
  struct Delivery {
    void* tag = nullptr;
    Offset offset = 0;
    int code = 0;  // an rd_kafka_resp_err_t; 0: it was written
    std::string_view failure;
    std::string_view topic;
  };
  // All but `disconnect` are called by the thread that polls, flushes or commits.
  struct Callbacks {
    std::function<void(const Delivery&)> delivery;
    // The group gives partitions, or wants all of them back. The callee must assign or unassign, now or later.
    std::function<void(bool given, std::vector<Partition>)> rebalance;
    std::function<void()> disconnect;  // from some broker, each time; by any thread, at once
    std::function<void()> all_down;    // no broker can be reached
  };
  struct Ear;  // what the client tells its things to

  // For how long an answer is waited for at most; not much longer once `stop` has become true, either.
  struct Wait {
    std::chrono::milliseconds most{15'000};
    const std::atomic<bool>* stop = nullptr;  // null: nobody stops it
  };

  // With `properties`, then with the settings' own as far as they concern the role. Connects to nothing yet.
  static Result<KafkaClient> make(Role role, const KafkaOptions& options, const Properties& properties,
                                  Callbacks callbacks = {});

  rd_kafka_s* get() const { return client_.get(); }

  // Reads these partitions, each from its offset, and no others; null: none. Returns when those of before are done with: a
  // client that is given partitions twice in a row counts their ends twice, and dies of it (confluentinc/librdkafka#5573).
  Result<void> assign(const rd_kafka_topic_partition_list_s* list) const;

  // These ask the brokers, and connect for that; not while records are read. They fail with kUnavailable when nobody
  // answers in time, and say why as far as the client knows; with kRefused when the brokers do not let the user in.
  Result<int> count_brokers() const;
  // How many partitions a topic has; nothing when there is no such topic.
  Result<std::optional<int>> find_topic(const std::string& topic, const Wait& wait) const;
  Result<std::optional<int>> find_topic(const std::string& topic) const { return find_topic(topic, Wait()); }
  // Of a topic that must be there: else kConfig.
  Result<int> partitions_of(const std::string& topic, const Wait& wait) const;
  Result<int> partitions_of(const std::string& topic) const { return partitions_of(topic, Wait()); }
  Result<OffsetRange> range_of(const std::string& topic, Partition partition) const;
  // As the brokers said it with the records read last; nothing: not yet. Asks nobody.
  std::optional<Offset> known_end(const std::string& topic, Partition partition) const;
  // Whether a broker answers at once.
  bool answers(int wait_ms) const;
  // Of the first record whose own timestamp is not before a time; nothing: there is none.
  Result<std::optional<Offset>> offset_at(const std::string& topic, Partition partition, EventTime time) const;

 private:
  Result<KafkaPtr<const struct rd_kafka_metadata>> metadata(rd_kafka_topic_s* topic, const std::string& tried,
                                                            const Wait& wait) const;
  Error no_answer(int code, const std::string& tried) const;

  std::shared_ptr<Ear> ear_;  // outlives the client, which tells it what happens
  KafkaPtr<rd_kafka_s> client_;
};

}  // namespace driftcast
