// The half of KafkaBroker that is a client of the broker; the other is kafka_broker.cc.
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <tuple>

#include "tests/pipeline/support/kafka_broker.h"

namespace driftcast {
namespace {

constexpr int kLimitMs = 30'000;

[[noreturn]] void fail(const std::string& tried, std::string_view why) {
  throw std::runtime_error(tried + ": " + std::string(why));
}

void check(rd_kafka_resp_err_t code, const std::string& tried) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fail(tried, rd_kafka_err2str(code));
}

template <auto destroy>
struct Destroy {
  void operator()(auto* thing) const { destroy(thing); }
};

template <class Thing, auto destroy>
using Owned = std::unique_ptr<Thing, Destroy<destroy>>;

using Client = Owned<rd_kafka_t, rd_kafka_destroy>;
using Queue = Owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using Event = Owned<rd_kafka_event_t, rd_kafka_event_destroy>;

void check(rd_kafka_error_t* failure, const std::string& tried) {
  const Owned<rd_kafka_error_t, rd_kafka_error_destroy> owned(failure);
  if (failure != nullptr) fail(tried, rd_kafka_error_string(failure));
}

using Settings = std::map<std::string, std::string>;

// Silent: what goes wrong is told by whatever was called, and a broker that is killed is no news.
// A producer leaves the error of a record that could not be written in `loss`.
Client connect(rd_kafka_type_t type, Settings settings, rd_kafka_resp_err_t* loss = nullptr) {
  settings.insert({{"reconnect.backoff.ms", "20"}, {"reconnect.backoff.max.ms", "200"}});
  std::array<char, 512> why{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK) {
      fail("setting " + name, why.data());
    }
  }
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  if (loss != nullptr) {
    rd_kafka_conf_set_opaque(conf, loss);
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message, void* where) {
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) *static_cast<rd_kafka_resp_err_t*>(where) = message->err;
    });
  }
  rd_kafka_t* client = rd_kafka_new(type, conf, why.data(), why.size());
  if (client == nullptr) fail("making a client", why.data());
  return Client(client);
}

Client administrator(const std::string& brokers) {
  return connect(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}});
}

// --- topics ---

using AdminCall = std::function<void(rd_kafka_t*, rd_kafka_queue_t*)>;

// The event by which an administrator's call is answered.
Event answer_to(rd_kafka_t* client, const std::string& tried, const AdminCall& call) {
  const Queue queue(rd_kafka_queue_new(client));
  call(client, queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), kLimitMs));
  if (!event) fail(tried, "no answer");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail(tried, rd_kafka_event_error_string(event.get()));
  }
  return event;
}

void check(const rd_kafka_topic_result_t* result, const std::string& tried) {
  if (rd_kafka_topic_result_error(result) == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* why = rd_kafka_topic_result_error_string(result);
  fail(tried, why != nullptr ? why : rd_kafka_err2str(rd_kafka_topic_result_error(result)));
}

// How many partitions the broker knows of, when all of them have a leader; none: there is no such topic, or not yet.
std::optional<int> partitions_of(rd_kafka_t* client, const std::string& topic) {
  const Owned<rd_kafka_topic_t, rd_kafka_topic_destroy> handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* got = nullptr;
  check(rd_kafka_metadata(client, 0, handle.get(), &got, kLimitMs), "asking for topic " + topic);
  const Owned<const rd_kafka_metadata_t, rd_kafka_metadata_destroy> metadata(got);
  const rd_kafka_metadata_topic_t& found = metadata->topics[0];
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  const bool led = std::all_of(found.partitions, found.partitions + found.partition_cnt,
                               [](const rd_kafka_metadata_partition_t& p) { return p.leader >= 0; });
  return led ? std::optional(found.partition_cnt) : std::nullopt;
}

// What a controller has done is known to the broker a little later.
void await_partitions(rd_kafka_t* client, const std::string& topic, std::optional<int> partitions) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds{kLimitMs};
  while (partitions_of(client, topic) != partitions) {
    if (std::chrono::steady_clock::now() > deadline) fail("waiting for topic " + topic, "it takes too long");
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

}  // namespace

// --- writing ---

struct KafkaTransaction::Producer {
  explicit Producer(Settings settings) {
    settings.insert({{"enable.idempotence", "true"},
                     {"partitioner", "murmur2_random"},
                     {"retry.backoff.ms", "5"},
                     {"message.timeout.ms", std::to_string(kLimitMs)}});
    client = connect(RD_KAFKA_PRODUCER, std::move(settings), &loss);
  }

  rd_kafka_resp_err_t loss = RD_KAFKA_RESP_ERR_NO_ERROR;
  Client client;
};

KafkaTransaction::KafkaTransaction(std::unique_ptr<Producer> producer) : producer_(std::move(producer)) {}
KafkaTransaction::KafkaTransaction(KafkaTransaction&&) noexcept = default;
KafkaTransaction::~KafkaTransaction() = default;

void KafkaTransaction::commit() { check(rd_kafka_commit_transaction(producer_->client.get(), -1), "committing"); }
void KafkaTransaction::abort() { check(rd_kafka_abort_transaction(producer_->client.get(), -1), "aborting"); }

namespace {

// The client only reads it, though its parameters do not say so.
void* data_of(const std::optional<std::string>& bytes) { return bytes ? const_cast<char*>(bytes->data()) : nullptr; }
std::size_t size_of(const std::optional<std::string>& bytes) { return bytes ? bytes->size() : 0; }

using Producer = KafkaTransaction::Producer;

void enqueue(rd_kafka_t* client, const std::string& topic, const NewRecord& record) {
  Owned<rd_kafka_headers_t, rd_kafka_headers_destroy> headers(rd_kafka_headers_new(record.headers.size()));
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  const auto enqueued = [&] {
    return rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_PARTITION(record.partition.value_or(RD_KAFKA_PARTITION_UA)),
                             RD_KAFKA_V_KEY(data_of(record.key), size_of(record.key)),
                             RD_KAFKA_V_VALUE(data_of(record.value), size_of(record.value)),
                             RD_KAFKA_V_TIMESTAMP(record.timestamp_ms.value_or(0)), RD_KAFKA_V_HEADERS(headers.get()),
                             RD_KAFKA_V_END);
  };
  rd_kafka_resp_err_t code = enqueued();
  for (; code == RD_KAFKA_RESP_ERR__QUEUE_FULL; code = enqueued()) rd_kafka_poll(client, 100);
  check(code, "producing to " + topic);
  static_cast<void>(headers.release());  // the client's now
}

void write(Producer& producer, const std::string& topic, const std::vector<NewRecord>& records) {
  for (const NewRecord& record : records) enqueue(producer.client.get(), topic, record);
  check(rd_kafka_flush(producer.client.get(), 2 * kLimitMs), "flushing to " + topic);
  check(producer.loss, "writing to " + topic);
}

// --- reading ---

Client consumer(const std::string& brokers, Isolation isolation) {
  const bool committed = isolation == Isolation::kReadCommitted;
  return connect(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers},
                                     {"group.id", "driftcast-tests"},  // needed, never joined
                                     {"enable.auto.commit", "false"},
                                     {"enable.partition.eof", "true"},
                                     {"fetch.wait.max.ms", "10"},
                                     {"isolation.level", committed ? "read_committed" : "read_uncommitted"}});
}

struct Extent {
  std::int64_t begin = 0, end = 0;  // offsets; the end of what open transactions have written, too
};

// Of every partition.
std::vector<Extent> extents_of(const std::string& brokers, const std::string& topic) {
  const Client client = consumer(brokers, Isolation::kReadUncommitted);
  const std::optional<int> partitions = partitions_of(client.get(), topic);
  if (!partitions) fail("reading " + topic, "there is no such topic");
  std::vector<Extent> extents(static_cast<std::size_t>(*partitions));
  std::int32_t partition = 0;
  for (auto& [begin, end] : extents) {
    check(rd_kafka_query_watermark_offsets(client.get(), topic.c_str(), partition++, &begin, &end, kLimitMs),
          "asking for the ends of " + topic);
  }
  return extents;
}

// At offsets, because to find the beginning by itself the client takes half a second.
void assign(rd_kafka_t* client, const std::string& topic, const std::vector<Extent>& extents) {
  const Owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(extents.size())));
  std::int32_t partition = 0;
  for (const Extent& extent : extents) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition++)->offset = extent.begin;
  }
  check(rd_kafka_assign(client, list.get()), "assigning " + topic);
}

std::optional<std::string> bytes_of(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

RecordHeaders headers_of(const rd_kafka_message_t& message) {
  RecordHeaders result;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return result;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (rd_kafka_header_get_all(headers, result.size(), &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    result.emplace_back(name, bytes_of(value, size).value_or(""));
  }
  return result;
}

StoredRecord stored(const rd_kafka_message_t& message) {
  return {.partition = message.partition,
          .offset = message.offset,
          .key = bytes_of(message.key, message.key_len),
          .value = bytes_of(message.payload, message.len),
          .timestamp_ms = rd_kafka_message_timestamp(&message, nullptr),
          .headers = headers_of(message)};
}

}  // namespace

// --- what a broker is asked ---

void KafkaBroker::create_topic(const std::string& topic, int partitions,
                               const std::map<std::string, std::string>& config) {
  const std::string tried = "creating topic " + topic;
  std::array<char, 512> why{};
  const Owned<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy> wanted(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, why.data(), why.size()));
  if (!wanted) fail(tried, why.data());
  for (const auto& [name, value] : config) {
    check(rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str()), tried);
  }
  const Client client = administrator(brokers_);
  const Event event = answer_to(client.get(), tried, [&](rd_kafka_t* broker, rd_kafka_queue_t* queue) {
    rd_kafka_NewTopic_t* topics = wanted.get();
    rd_kafka_CreateTopics(broker, &topics, 1, nullptr, queue);
  });
  std::size_t count = 0;
  check(rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count)[0], tried);
  await_partitions(client.get(), topic, partitions);
}

void KafkaBroker::grow_topic(const std::string& topic, int partitions) {
  const std::string tried = "adding partitions to topic " + topic;
  std::array<char, 512> why{};
  const Owned<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy> wanted(
      rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(partitions), why.data(), why.size()));
  if (!wanted) fail(tried, why.data());
  const Client client = administrator(brokers_);
  const Event event = answer_to(client.get(), tried, [&](rd_kafka_t* broker, rd_kafka_queue_t* queue) {
    rd_kafka_NewPartitions_t* topics = wanted.get();
    rd_kafka_CreatePartitions(broker, &topics, 1, nullptr, queue);
  });
  std::size_t count = 0;
  check(rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count)[0], tried);
  await_partitions(client.get(), topic, partitions);
}

void KafkaBroker::delete_topic(const std::string& topic) {
  const std::string tried = "deleting topic " + topic;
  const Owned<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy> unwanted(rd_kafka_DeleteTopic_new(topic.c_str()));
  const Client client = administrator(brokers_);
  const Event event = answer_to(client.get(), tried, [&](rd_kafka_t* broker, rd_kafka_queue_t* queue) {
    rd_kafka_DeleteTopic_t* topics = unwanted.get();
    rd_kafka_DeleteTopics(broker, &topics, 1, nullptr, queue);
  });
  std::size_t count = 0;
  check(rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count)[0], tried);
  await_partitions(client.get(), topic, std::nullopt);
}

void KafkaBroker::produce(const std::string& topic, const std::vector<NewRecord>& records) {
  Producer producer({{"bootstrap.servers", brokers_}});
  write(producer, topic, records);
}

KafkaTransaction KafkaBroker::begin(const std::string& topic, const std::vector<NewRecord>& records) {
  auto producer = std::make_unique<Producer>(
      Settings{{"bootstrap.servers", brokers_}, {"transactional.id", "driftcast-tests-" + topic}});
  rd_kafka_t* client = producer->client.get();
  partitions_of(client, topic);  // connects; a coordinator asked for before that comes half a second later
  check(rd_kafka_init_transactions(client, -1), "preparing transactions");
  check(rd_kafka_begin_transaction(client), "beginning a transaction");
  write(*producer, topic, records);
  return KafkaTransaction(std::move(producer));
}

std::vector<StoredRecord> KafkaBroker::read_all(const std::string& topic, Isolation isolation) const {
  const std::vector<Extent> extents = extents_of(brokers_, topic);
  const Client client = consumer(brokers_, isolation);
  assign(client.get(), topic, extents);
  std::vector<StoredRecord> records;
  std::set<std::int32_t> read;  // to their end
  while (read.size() < extents.size()) {
    const Owned<rd_kafka_message_t, rd_kafka_message_destroy> message(rd_kafka_consumer_poll(client.get(), kLimitMs));
    if (!message) fail("reading " + topic, "nothing more comes, and it is not its end; is a transaction open?");
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      records.push_back(stored(*message));
    } else if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      fail("reading " + topic, rd_kafka_message_errstr(message.get()));
    } else if (message->offset >= extents[static_cast<std::size_t>(message->partition)].end) {
      read.insert(message->partition);
    }
  }
  std::sort(records.begin(), records.end(), [](const StoredRecord& a, const StoredRecord& b) {
    return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
  });
  return records;
}

}  // namespace driftcast
