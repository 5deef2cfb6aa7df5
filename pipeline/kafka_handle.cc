#include "pipeline/kafka_handle.h"

#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>

#include "config/client_properties.h"

namespace driftcast {

struct KafkaClient::Ear {
  Callbacks callbacks;
  std::string mechanism;    // of logging in
  int trouble = 0;          // an rd_kafka_resp_err_t: the gravest with any broker; 0: none yet
  std::string why;          // the trouble is
  bool everywhere = false;  // no broker is left without trouble
};

namespace {

constexpr int kAnswerMs = 15'000;     // how long a broker may take to be found and to answer
constexpr int kFirstWaitMs = 500;     // until it is first asked why there is no answer yet
constexpr int kLookForStopMs = 1000;  // who may be told to stop waits no longer at a time
constexpr int kWorkingScram = 0x02060100;

struct ConfDestroy {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDestroy>;

bool unreachable(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
         code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__RESOLVE ||
         code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT || code == RD_KAFKA_RESP_ERR__WAIT_COORD ||
         code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE || code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
         code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
         code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || code == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
}

// Whether so little has been said of failing connections that one more line may be: each of the clients tries each broker
// again every second.
bool may_tell_of_failure() {
  constexpr std::chrono::seconds kApart{5};
  static std::atomic<std::chrono::steady_clock::rep> told{std::chrono::steady_clock::duration::min().count() / 2};
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  auto before = told.load();
  return now.count() - before >= std::chrono::steady_clock::duration(kApart).count() &&
         told.compare_exchange_strong(before, now.count());
}

// The client numbers its levels as syslog does.
void log_line(const rd_kafka_t*, int level, const char* facility, const char* text) {
  if (std::string_view(facility) == "FAIL" && !may_tell_of_failure()) return;
  constexpr std::array kLevels = {spdlog::level::critical, spdlog::level::critical, spdlog::level::critical,
                                  spdlog::level::err,      spdlog::level::warn,     spdlog::level::info,
                                  spdlog::level::info,     spdlog::level::debug};
  spdlog::log(kLevels[static_cast<std::size_t>(std::clamp(level, 0, 7))], "kafka: {} {}", facility, text);
}

KafkaClient::Ear& ear(void* opaque) { return *static_cast<KafkaClient::Ear*>(opaque); }

void report_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  KafkaClient::Delivery delivery{
      message->_private, message->offset, message->err, {}, rd_kafka_topic_name(message->rkt)};
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) delivery.failure = rd_kafka_err2str(message->err);
  ear(opaque).callbacks.delivery(delivery);
}

void report_rebalance(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list, void* opaque) {
  std::vector<Partition> partitions;
  for (int i = 0; i < list->cnt; ++i) partitions.push_back(list->elems[i].partition);
  ear(opaque).callbacks.rebalance(code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, std::move(partitions));
}

// The higher, the less it helps to wait: others come and go.
int gravity(int trouble) {
  return trouble == RD_KAFKA_RESP_ERR__AUTHENTICATION ? 2 : trouble == RD_KAFKA_RESP_ERR__SSL ? 1 : 0;
}

// The client logs these too; one that ends it is found by its next call.
void report_trouble(rd_kafka_t*, int code, const char* why, void* opaque) {
  KafkaClient::Ear& told = ear(opaque);
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    told.everywhere = true;
    if (told.callbacks.all_down) told.callbacks.all_down();
  } else if (gravity(code) >= gravity(told.trouble)) {
    told.trouble = code;
    told.why = why;
  }
}

// Of a connection that breaks again and again the client says no more after the second time in half a minute: only its
// sockets tell.
int report_closing(int socket, void* opaque) {
  ear(opaque).callbacks.disconnect();
  return ::close(socket);
}

// What the client has to tell is told to who polls. Nothing is assigned yet, so no record is lost.
void listen(rd_kafka_t* client) {
  if (rd_kafka_type(client) == RD_KAFKA_CONSUMER) {
    const KafkaPtr<rd_kafka_message_s> none(rd_kafka_consumer_poll(client, 0));
  } else {
    rd_kafka_poll(client, 0);
  }
}

// Waiting does not help: a broker has not let the user in, or none speaks TLS with us.
bool hopeless(const KafkaClient::Ear& told) {
  return told.trouble == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
         (told.trouble == RD_KAFKA_RESP_ERR__SSL && told.everywhere);
}

std::string login_advice(const std::string& mechanism) {
  std::string advice = "; see kafka.client.sasl.mechanism, sasl.username and sasl.password";
  if (mechanism.starts_with("SCRAM") && rd_kafka_version() < kWorkingScram) {
    advice += std::string(". By SCRAM the Kafka client that is installed, librdkafka ") + rd_kafka_version_str() +
              ", cannot log in at Kafka 4: that takes 2.6.1, or another mechanism";
  }
  return advice;
}

Result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> why{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) == RD_KAFKA_CONF_OK) return {};
  return error(ErrorCode::kConfig, "kafka.client." + name + ": " + why.data());
}

bool concerns(const std::string& property, KafkaClient::Role role) {
  const ClientProperty* found = find_client_property(property);
  if (found == nullptr || found->role == ClientRole::kAny) return true;
  return (found->role == ClientRole::kConsumer) == (role == KafkaClient::Role::kConsumer);
}

bool forbidden(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED || code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
         code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

ErrorCode policy_of(rd_kafka_resp_err_t code) {
  if (unreachable(code)) return ErrorCode::kUnavailable;
  return forbidden(code) ? ErrorCode::kRefused : ErrorCode::kRestart;
}

}  // namespace

void KafkaDestroy::operator()(rd_kafka_s* client) const { rd_kafka_destroy(client); }
void KafkaDestroy::operator()(rd_kafka_queue_s* queue) const { rd_kafka_queue_destroy(queue); }
void KafkaDestroy::operator()(rd_kafka_topic_s* topic) const { rd_kafka_topic_destroy(topic); }
void KafkaDestroy::operator()(rd_kafka_message_s* message) const { rd_kafka_message_destroy(message); }
void KafkaDestroy::operator()(rd_kafka_topic_partition_list_s* list) const {
  rd_kafka_topic_partition_list_destroy(list);
}
void KafkaDestroy::operator()(rd_kafka_consumer_group_metadata_s* metadata) const {
  rd_kafka_consumer_group_metadata_destroy(metadata);
}
void KafkaDestroy::operator()(rd_kafka_error_s* error) const { rd_kafka_error_destroy(error); }
void KafkaDestroy::operator()(rd_kafka_headers_s* headers) const { rd_kafka_headers_destroy(headers); }
void KafkaDestroy::operator()(rd_kafka_op_s* event) const { rd_kafka_event_destroy(event); }
void KafkaDestroy::operator()(const struct rd_kafka_metadata* metadata) const { rd_kafka_metadata_destroy(metadata); }
void KafkaDestroy::operator()(rd_kafka_NewTopic_s* topic) const { rd_kafka_NewTopic_destroy(topic); }
void KafkaDestroy::operator()(rd_kafka_ConfigResource_s* resource) const { rd_kafka_ConfigResource_destroy(resource); }
void KafkaDestroy::operator()(rd_kafka_ListConsumerGroupOffsets_s* request) const {
  rd_kafka_ListConsumerGroupOffsets_destroy(request);
}

std::optional<KafkaFailure> failure_of(rd_kafka_error_s* taken) {
  const KafkaPtr<rd_kafka_error_s> error(taken);
  if (!error) return std::nullopt;
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error.get());
  KafkaFailure failure;
  failure.message = rd_kafka_error_string(error.get());
  failure.retriable = rd_kafka_error_is_retriable(error.get()) != 0;
  failure.abortable = rd_kafka_error_txn_requires_abort(error.get()) != 0;
  failure.fatal = rd_kafka_error_is_fatal(error.get()) != 0;
  failure.forbidden = forbidden(code);
  failure.fenced = code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
                   code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH || code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
  return failure;
}

std::optional<EventTime> timestamp_of(const rd_kafka_message_s& message) {
  const std::int64_t ms = rd_kafka_message_timestamp(&message, nullptr);
  if (ms < 0 || ms >= millis(kEndOfTime)) return std::nullopt;
  return event_time(ms);
}

Result<void> checked(int code, const std::string& tried) {
  const auto kind = static_cast<rd_kafka_resp_err_t>(code);
  if (kind == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  return error(policy_of(kind), "cannot " + tried + ": " + rd_kafka_err2str(kind));
}

Result<KafkaClient> KafkaClient::make(Role role, const KafkaOptions& options, const Properties& properties,
                                      Callbacks callbacks) {
  Conf conf(rd_kafka_conf_new());
  DRIFTCAST_TRY(set(conf.get(), "bootstrap.servers", options.brokers));
  DRIFTCAST_TRY(
      set(conf.get(), "reconnect.backoff.max.ms", "1000"));  // brokers that are back are found within a second
  if (!options.instance.empty()) DRIFTCAST_TRY(set(conf.get(), "client.id", options.instance));
  for (const auto& [name, value] : properties) DRIFTCAST_TRY(set(conf.get(), name, value));
  for (const auto& [name, value] : options.client.values) {
    if (concerns(name, role)) DRIFTCAST_TRY(set(conf.get(), name, value));
  }
  rd_kafka_conf_set_log_cb(conf.get(), log_line);
  KafkaClient client;
  client.ear_ = std::make_shared<Ear>();
  for (const auto& [name, value] : options.client.values) {
    if (name == "sasl.mechanism") client.ear_->mechanism = value;
  }
  client.ear_->callbacks = std::move(callbacks);
  rd_kafka_conf_set_opaque(conf.get(), client.ear_.get());
  if (client.ear_->callbacks.delivery) rd_kafka_conf_set_dr_msg_cb(conf.get(), report_delivery);
  if (client.ear_->callbacks.rebalance) rd_kafka_conf_set_rebalance_cb(conf.get(), report_rebalance);
  if (client.ear_->callbacks.disconnect) rd_kafka_conf_set_closesocket_cb(conf.get(), report_closing);
  rd_kafka_conf_set_error_cb(conf.get(), report_trouble);
  std::array<char, 512> why{};
  const bool consumer = role == Role::kConsumer;
  client.client_.reset(
      rd_kafka_new(consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf.get(), why.data(), why.size()));
  if (!client.client_) return error(ErrorCode::kConfig, std::string("cannot make a Kafka client: ") + why.data());
  static_cast<void>(conf.release());  // the client's now
  if (consumer) rd_kafka_poll_set_consumer(client.get());
  return client;
}

// The client's main thread serves its requests in order. The first answer says that it has asked the partitions to end,
// the second that they have.
Result<void> KafkaClient::assign(const rd_kafka_topic_partition_list_s* list) const {
  constexpr int kAnswers = 3;
  DRIFTCAST_TRY(checked(rd_kafka_assign(get(), list), "read other partitions"));
  for (int answer = 0; answer < kAnswers; ++answer) {
    rd_kafka_topic_partition_list_t* now = nullptr;
    if (rd_kafka_assignment(get(), &now) != RD_KAFKA_RESP_ERR_NO_ERROR) break;  // it is closing
    rd_kafka_topic_partition_list_destroy(now);
  }
  return {};
}

// By the client's own account it has only waited in vain. So the waits are short at first, and in between it is listened
// to.
Result<KafkaPtr<const struct rd_kafka_metadata>> KafkaClient::metadata(rd_kafka_topic_s* topic,
                                                                       const std::string& tried,
                                                                       const Wait& wait) const {
  ear_->trouble = 0;
  ear_->everywhere = false;
  int left_ms = static_cast<int>(wait.most.count());
  const int longest_ms = wait.stop == nullptr ? left_ms : kLookForStopMs;
  for (int wait_ms = std::min(kFirstWaitMs, left_ms);; wait_ms = std::min({2 * wait_ms, longest_ms, left_ms})) {
    const struct rd_kafka_metadata* got = nullptr;
    const rd_kafka_resp_err_t code = rd_kafka_metadata(get(), 0, topic, &got, wait_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaPtr<const struct rd_kafka_metadata>(got);
    listen(get());
    left_ms -= wait_ms;
    const bool stopped = wait.stop != nullptr && *wait.stop;
    if (!unreachable(code) || left_ms <= 0 || stopped || hopeless(*ear_)) return no_answer(code, tried);
  }
}

Error KafkaClient::no_answer(int code, const std::string& tried) const {
  if (ear_->trouble == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
    return error(ErrorCode::kRefused,
                 "the brokers do not let this user in: " + ear_->why + login_advice(ear_->mechanism));
  }
  Error failed = checked(code, tried).error();
  if (ear_->trouble != 0) failed.message += ", because " + ear_->why;
  return failed;
}

Result<int> KafkaClient::count_brokers() const {
  const auto found = metadata(nullptr, "reach a broker", Wait());
  if (!found) return found.error();
  return (*found)->broker_cnt;
}

Result<std::optional<int>> KafkaClient::find_topic(const std::string& topic, const Wait& wait) const {
  const KafkaPtr<rd_kafka_topic_s> handle(rd_kafka_topic_new(get(), topic.c_str(), nullptr));
  const auto metadata = this->metadata(handle.get(), "ask the brokers about topic '" + topic + "'", wait);
  if (!metadata) return metadata.error();
  const rd_kafka_metadata_topic_t& found = (*metadata)->topics[0];
  if (found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::optional<int>();
  DRIFTCAST_TRY(checked(found.err, "use topic '" + topic + "'"));
  return std::optional(found.partition_cnt);
}

Result<int> KafkaClient::partitions_of(const std::string& topic, const Wait& wait) const {
  const auto found = find_topic(topic, wait);
  if (!found) return found.error();
  if (*found) return **found;
  return error(ErrorCode::kConfig, "there is no topic '" + topic + "'");
}

Result<OffsetRange> KafkaClient::range_of(const std::string& topic, Partition partition) const {
  OffsetRange range;
  DRIFTCAST_TRY(
      checked(rd_kafka_query_watermark_offsets(get(), topic.c_str(), partition, &range.begin, &range.end, kAnswerMs),
              "ask for the ends of partition " + std::to_string(partition) + " of topic '" + topic + "'"));
  return range;
}

std::optional<Offset> KafkaClient::known_end(const std::string& topic, Partition partition) const {
  Offset low = 0, high = 0;
  const auto code = rd_kafka_get_watermark_offsets(get(), topic.c_str(), partition, &low, &high);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? std::optional(high) : std::nullopt;
}

bool KafkaClient::answers(int wait_ms) const {
  const rd_kafka_metadata_t* got = nullptr;
  if (rd_kafka_metadata(get(), 0, nullptr, &got, wait_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  rd_kafka_metadata_destroy(got);
  return true;
}

Result<std::optional<Offset>> KafkaClient::offset_at(const std::string& topic, Partition partition,
                                                     EventTime time) const {
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_t& asked = *rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  asked.offset = millis(time);
  const std::string tried = "ask for the offsets of a time in topic '" + topic + "'";
  DRIFTCAST_TRY(checked(rd_kafka_offsets_for_times(get(), list.get(), kAnswerMs), tried));
  DRIFTCAST_TRY(checked(asked.err, tried));
  return asked.offset < 0 ? std::optional<Offset>() : std::optional(asked.offset);
}

}  // namespace driftcast
