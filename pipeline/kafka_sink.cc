#include "pipeline/kafka_sink.h"

#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "config/client_properties.h"
#include "pipeline/kafka_changelog.h"
#include "pipeline/kafka_offset.h"
#include "state/mark_codec.h"

namespace driftcast {
namespace {

constexpr int kUnlimited = -1;     // any other time-out of a transactional call may leave the client confused
constexpr int kAttempts = 3;       // of a call that may be repeated; each takes up to the transaction's time-out
constexpr int kFullQueueMs = 100;  // pause when the client's queue is full ...
constexpr int kFullQueuePauses = 600;
constexpr int kFlushMs = 60'000;

// The client only reads it, though its parameters do not say so.
void* data_of(std::optional<std::string_view> bytes) { return bytes ? const_cast<char*>(bytes->data()) : nullptr; }
std::size_t size_of(std::optional<std::string_view> bytes) { return bytes ? bytes->size() : 0; }

const std::string& name_of(Topic topic, const TopicOptions& topics) {
  switch (topic) {
    case Topic::kForecasts: return topics.forecasts;
    case Topic::kDrift: return topics.drift.empty() ? topics.forecasts : topics.drift;
    case Topic::kSessions: return topics.sessions;
    case Topic::kLate: return topics.late;
    case Topic::kDeadLetters: break;
  }
  return topics.dlq;
}

}  // namespace

Result<std::unique_ptr<KafkaSink>> KafkaSink::open(const KafkaOptions& options, const TopicOptions& topics,
                                                   const std::string& transactional_id, int input_partitions) {
  auto sink = std::make_unique<KafkaSink>();
  sink->input_ = topics.input;
  DRIFTCAST_TRY(sink->connect(options, topics, transactional_id, input_partitions));
  DRIFTCAST_TRY(sink->call("prepare transactions with the transactional id '" + transactional_id + "'",
                           [&] { return rd_kafka_init_transactions(sink->producer_->client.get(), kUnlimited); }));
  return sink;
}

Result<void> KafkaSink::connect(const KafkaOptions& options, const TopicOptions& topics,
                                const std::string& transactional_id, int input_partitions) {
  KafkaClient::Callbacks callbacks;
  callbacks.delivery = [this](const KafkaClient::Delivery& delivery) { delivered(delivery); };
  callbacks.disconnect = [this] { ++disconnects_; };
  auto client = KafkaClient::make(KafkaClient::Role::kProducer, options,
                                  {{"transactional.id", transactional_id},
                                   {"transaction.timeout.ms", std::to_string(transaction_timeout_ms(options.client))},
                                   {"partitioner", "murmur2_random"},  // as of the Java client
                                   {"linger.ms", "25"},                // a commit does not wait for it
                                   {"retry.backoff.ms", "5"},          // else every commit takes 100 ms
                                   {"socket.nagle.disable", "true"}},
                                  std::move(callbacks));
  if (!client) return client.error();
  producer_ = std::make_unique<Producer>(Producer{std::move(*client), {}, {}});
  return open_topics(topics, input_partitions);
}

// Asking for the topics connects; a coordinator that is asked for before that is found a second later.
Result<void> KafkaSink::open_topics(const TopicOptions& topics, int input_partitions) {
  const KafkaClient& client = producer_->client;
  for (std::size_t topic = 0; topic < kTopics; ++topic) {
    const std::string& name = name_of(static_cast<Topic>(topic), topics);
    if (auto partitions = client.partitions_of(name); !partitions) return partitions.error();
    producer_->topics[topic].reset(rd_kafka_topic_new(client.get(), name.c_str(), nullptr));
  }
  auto partitions = client.partitions_of(topics.changelog);
  if (!partitions) return partitions.error();
  producer_->changelog.reset(rd_kafka_topic_new(client.get(), topics.changelog.c_str(), nullptr));
  if (*partitions == input_partitions) return {};
  return error(ErrorCode::kConfig, "topic '" + topics.changelog + "' has " + std::to_string(*partitions) +
                                       " partitions, but '" + topics.input + "' has " +
                                       std::to_string(input_partitions) + ": they must be as many");
}

// Of a transaction that fails for one record the others are purged.
void KafkaSink::delivered(const KafkaClient::Delivery& delivery) {
  const bool purged =
      delivery.code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || delivery.code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  if (!delivery.failure.empty() && !purged && lost_.empty()) lost_ = delivery.failure;
  if (delivery.failure.empty() && delivery.tag != nullptr) *static_cast<Offset*>(delivery.tag) = delivery.offset;
}

Result<void> KafkaSink::in_transaction() const {
  if (producer_ && open_) return {};
  return error(ErrorCode::kRollback, "the Kafka producer was given up after an error");
}

// The brokers do not say which topic it is that may not be written to; the client logs it.
Error KafkaSink::failed(const std::string& what, const KafkaFailure& failure) const {
  const std::string why =
      what + ": " + failure.message + (lost_.empty() ? "" : ", because a record was not written: " + lost_);
  if (!failure.forbidden) return error(ErrorCode::kRollback, why);
  return error(ErrorCode::kRefused, why + "; 'driftcast check --kafka' names all rights that are missing");
}

// Why the open transaction must be aborted, if it must: the client answers so to who wants to begin another. A call that
// was under way when it broke only says that its state is erroneous.
std::optional<KafkaFailure> KafkaSink::why_broken() const {
  if (!open_) return std::nullopt;
  auto failure = failure_of(rd_kafka_begin_transaction(producer_->client.get()));
  return failure && failure->abortable ? failure : std::nullopt;
}

// Makes a transactional call, and again where that is safe. Of all other failures only one that asks for an abort leaves
// the client usable.
Result<void> KafkaSink::call(const std::string& tried, const std::function<rd_kafka_error_s*()>& function) {
  std::optional<KafkaFailure> failure;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    failure = failure_of(function());
    if (!failure) return {};
    if (failure->fatal || failure->abortable || !failure->retriable) break;
  }
  const Error told = failed("cannot " + tried, why_broken().value_or(*failure));
  if (failure->fatal || !failure->abortable) producer_.reset();
  fenced_ = failure->fenced;
  return told;
}

Result<void> KafkaSink::begin() {
  if (!producer_) return in_transaction();
  DRIFTCAST_CHECK(!open_);
  lost_.clear();
  DRIFTCAST_TRY(call("begin a transaction", [&] { return rd_kafka_begin_transaction(producer_->client.get()); }));
  open_ = true;
  return {};
}

Result<void> KafkaSink::produce(rd_kafka_topic_s* topic, Partition to, Record record) {
  rd_kafka_t* client = producer_->client.get();
  std::array<rd_kafka_vu_t, 7> fields{};
  std::size_t count = 6;
  fields[0].vtype = RD_KAFKA_VTYPE_RKT;
  fields[0].u.rkt = topic;
  fields[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  fields[1].u.i32 = to;
  fields[2].vtype = RD_KAFKA_VTYPE_VALUE;
  fields[2].u.mem = {data_of(record.value), size_of(record.value)};
  fields[3].vtype = RD_KAFKA_VTYPE_KEY;
  fields[3].u.mem = {data_of(record.key), size_of(record.key)};
  fields[4].vtype = RD_KAFKA_VTYPE_OPAQUE;
  fields[4].u.ptr = record.tag;
  fields[5].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  fields[5].u.i = RD_KAFKA_MSG_F_COPY;
  if (record.headers) {
    fields[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    fields[count++].u.headers = record.headers.get();
  }
  for (int pause = 0; pause < kFullQueuePauses; ++pause) {
    const KafkaPtr<rd_kafka_error_s> failed(rd_kafka_produceva(client, fields.data(), count));
    if (!failed) {
      static_cast<void>(record.headers.release());  // the client's now
      return {};
    }
    if (rd_kafka_error_code(failed.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      return error(ErrorCode::kRollback, std::string("cannot write to topic '") + rd_kafka_topic_name(topic) +
                                             "': " + rd_kafka_error_string(failed.get()));
    }
    rd_kafka_poll(client, kFullQueueMs);
  }
  return error(ErrorCode::kRollback, "the brokers take no records");
}

KafkaSink::Record KafkaSink::letter(Partition partition, const OutboxRecord& output) const {
  constexpr std::size_t kHeaders = 7;
  Record record{std::nullopt, output.value, nullptr, KafkaPtr<rd_kafka_headers_s>(rd_kafka_headers_new(kHeaders))};
  const auto add = [&](const char* name, std::string_view value) {
    rd_kafka_header_add(record.headers.get(), name, -1, value.data(), static_cast<ssize_t>(value.size()));
  };
  add("reason", name(output.reason));
  add("reason_code", std::to_string(static_cast<int>(output.reason)));
  add("origin_topic", input_);
  add("origin_partition", std::to_string(partition));
  add("origin_offset", std::to_string(output.position.next_offset));
  if (!output.field.empty()) add("field", output.field);
  if (output.cut > 0) add("cut", std::to_string(output.cut));
  return record;
}

Result<void> KafkaSink::write(Partition partition, const Outbox& outbox) {
  DRIFTCAST_TRY(in_transaction());
  for (std::size_t i = 0; i < outbox.size(); ++i) {
    const OutboxRecord output = outbox[i];
    const bool is_letter = output.topic == Topic::kLate || output.topic == Topic::kDeadLetters;
    Record record = is_letter ? letter(partition, output) : Record{std::nullopt, output.value};
    if (!output.key.empty()) record.key = output.key;
    rd_kafka_topic_s* topic = producer_->topics[static_cast<std::size_t>(output.topic)].get();
    DRIFTCAST_TRY(produce(topic, RD_KAFKA_PARTITION_UA, std::move(record)));
  }
  rd_kafka_poll(producer_->client.get(), 0);
  return {};
}

Result<Offset> KafkaSink::write_changelog(Partition partition, std::span<const Entry> entries, const Mark& mark) {
  DRIFTCAST_TRY(in_transaction());
  rd_kafka_topic_s* topic = producer_->changelog.get();
  for (const Entry& entry : entries) {
    const std::string key = changelog_key(entry);
    Record record{key, std::nullopt};
    if (entry.value) record.value = *entry.value;
    DRIFTCAST_TRY(produce(topic, partition, std::move(record)));
  }
  mark_offset_ = -1;
  const std::string encoded = encode_mark(mark);
  DRIFTCAST_TRY(produce(topic, partition, {kMarkKey, encoded, &mark_offset_}));
  rd_kafka_flush(producer_->client.get(), kFlushMs);
  if (mark_offset_ >= 0) return mark_offset_ + 1;
  const std::string what = "the changelog was not written";
  if (const auto failure = why_broken()) return failed(what, *failure);
  return error(ErrorCode::kRollback, what + ": " + (lost_.empty() ? "no answer" : lost_));
}

Result<void> KafkaSink::send_offsets(std::span<const OffsetCommit> offsets, const std::string& topic,
                                     const rd_kafka_consumer_group_metadata_s& member) {
  DRIFTCAST_TRY(in_transaction());
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const OffsetCommit& commit : offsets) {
    rd_kafka_topic_partition_t* entry = rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), commit.partition);
    const std::string text = offset_text(commit);
    entry->offset = commit.position.next_offset;
    entry->metadata = ::strdup(text.c_str());  // the list frees it
    entry->metadata_size = text.size();
  }
  return call("send offsets", [&] {
    return rd_kafka_send_offsets_to_transaction(producer_->client.get(), list.get(), &member, kUnlimited);
  });
}

Result<void> KafkaSink::commit() {
  DRIFTCAST_TRY(in_transaction());
  const int disconnects = disconnects_;
  DRIFTCAST_TRY(call("commit", [&] { return rd_kafka_commit_transaction(producer_->client.get(), kUnlimited); }));
  open_ = false;
  if (disconnects_ != disconnects) {
    spdlog::info("a connection broke during a commit: the producer is made anew");
    producer_.reset();
  }
  return {};
}

// Aborting is for connections that break, and a copy of this request may be on its way still, too. Without a client there
// is nothing to abort: the next one's start does it.
Result<void> KafkaSink::abort() {
  const bool was_open = std::exchange(open_, false);
  if (!producer_ || !was_open) return {};
  const auto aborted = call("abort", [&] { return rd_kafka_abort_transaction(producer_->client.get(), kUnlimited); });
  producer_.reset();
  return aborted;
}

}  // namespace driftcast
