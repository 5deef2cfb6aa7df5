#include "pipeline/kafka_group.h"

#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include "pipeline/kafka_source.h"

namespace driftcast {
namespace {

constexpr std::chrono::seconds kAskAgain{1};
constexpr int kAnswerMs = 100;

// A membership as bytes, to compare it by.
std::string bytes_of(const rd_kafka_consumer_group_metadata_s* membership) {
  void* bytes = nullptr;
  std::size_t size = 0;
  if (const KafkaPtr<rd_kafka_error_s> failed{rd_kafka_consumer_group_metadata_write(membership, &bytes, &size)}) {
    return {};
  }
  std::string text(static_cast<const char*>(bytes), size);
  rd_kafka_mem_free(nullptr, bytes);
  return text;
}

}  // namespace

// The client tells the generation only in the bytes that it writes for other processes.
bool is_member(const rd_kafka_consumer_group_metadata_s& membership) {
  constexpr std::string_view kMagic = "CGMDv2:";
  const std::string bytes = bytes_of(&membership);
  std::int32_t generation = 0;
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + sizeof generation) return true;  // another client's
  std::memcpy(&generation, bytes.data() + kMagic.size(), sizeof generation);
  return generation >= 0;
}

Result<std::unique_ptr<KafkaGroup>> KafkaGroup::open(const KafkaOptions& options, const std::string& topic,
                                                     Until until) {
  std::unique_ptr<KafkaGroup> group(new KafkaGroup(options.group, topic));
  KafkaClient::Properties properties = {{"group.id", options.group},
                                        {"partition.assignment.strategy", "range"},
                                        {"session.timeout.ms", std::to_string(kSessionTimeoutMs)},
                                        {"heartbeat.interval.ms", "2000"},
                                        {"enable.auto.commit", "false"},
                                        {"enable.auto.offset.store", "false"},
                                        {"enable.partition.eof", until == Until::kEnd ? "true" : "false"},
                                        {"isolation.level", "read_committed"},
                                        {"auto.offset.reset", "error"}};
  std::ranges::copy(KafkaSource::fetching(), std::back_inserter(properties));
  if (!options.instance.empty()) properties.emplace_back("group.instance.id", options.instance);
  KafkaClient::Callbacks callbacks;
  callbacks.rebalance = [self = group.get()](bool given, std::vector<Partition> partitions) {
    self->rebalance(given, std::move(partitions));
  };
  callbacks.all_down = [self = group.get()] { self->brokers_down_ = true; };
  auto client = KafkaClient::make(KafkaClient::Role::kConsumer, options, properties, std::move(callbacks));
  if (!client) return client.error();
  group->client_ = std::move(*client);
  const auto partitions = group->client_.partitions_of(topic);
  if (!partitions) return partitions.error();
  group->partitions_ = *partitions;
  return group;
}

Result<void> KafkaGroup::join() {
  const KafkaPtr<rd_kafka_topic_partition_list_s> topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
  return checked(rd_kafka_subscribe(client_.get(), topics.get()), "join the group for topic '" + topic_ + "'");
}

// What the group has said already is answered before the client closes: an answer while it does may wait for ever
// (confluentinc/librdkafka#4884).
KafkaGroup::~KafkaGroup() {
  leaving_ = true;
  if (client_.get() == nullptr) return;
  if (standing_ != Standing::kJoining) give_back();
  while (KafkaPtr<rd_kafka_message_s>(rd_kafka_consumer_poll(client_.get(), 0))) continue;
  rd_kafka_consumer_close(client_.get());
}

// Given partitions are not fetched yet: first each is recovered, and then read from where that says.
void KafkaGroup::rebalance(bool given, std::vector<Partition> partitions) {
  if (leaving_) {
    rd_kafka_assign(client_.get(), nullptr);  // nothing but this is answered by a client that closes
  } else if (given) {
    const KafkaPtr<rd_kafka_topic_partition_list_s> none(rd_kafka_topic_partition_list_new(0));
    rd_kafka_assign(client_.get(), none.get());
    assigned_ = std::move(partitions);
    std::ranges::sort(assigned_);
    membership_.reset(rd_kafka_consumer_group_metadata(client_.get()));
    standing_ = is_member(*membership_) ? Standing::kHolding : Standing::kLost;
    spdlog::info("{} of {} partitions are assigned to this instance", assigned_.size(), partitions_);
  } else {
    const bool lost = rd_kafka_assignment_lost(client_.get()) != 0;
    spdlog::info("the group {} this instance's partitions", lost ? "has given away" : "asks back");
    standing_ = lost ? Standing::kLost : Standing::kAskedBack;
  }
}

Result<KafkaGroup::Standing> KafkaGroup::serve(int wait_ms) {
  const KafkaPtr<rd_kafka_message_s> news(rd_kafka_consumer_poll(client_.get(), wait_ms));
  if (news && news->err != RD_KAFKA_RESP_ERR_NO_ERROR && news->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    const Error said = checked(news->err, "work in the group '" + name_ + "' on topic '" + topic_ + "'").error();
    if (said.code == ErrorCode::kRefused) return said;
    spdlog::warn("kafka: {}", rd_kafka_message_errstr(news.get()));
  }
  std::array<char, 512> why{};
  const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(client_.get(), why.data(), why.size());
  if (fatal == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
    return error(ErrorCode::kRestart, "another instance of the group has the same kafka.instance");
  }
  if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) return error(ErrorCode::kRestart, std::string("kafka: ") + why.data());
  if (standing_ == Standing::kAskedBack && rd_kafka_assignment_lost(client_.get()) != 0) standing_ = Standing::kLost;
  return standing_.load();
}

bool KafkaGroup::reaches_brokers() {
  const auto now = std::chrono::steady_clock::now();
  if (!brokers_down_ || now - brokers_asked_ < kAskAgain) return !brokers_down_;
  brokers_down_ = !client_.answers(kAnswerMs);
  brokers_asked_ = now;
  return !brokers_down_;
}

void KafkaGroup::give_back() {
  assigned_.clear();
  standing_ = Standing::kJoining;
  static_cast<void>(client_.assign(nullptr));
}

bool KafkaGroup::is_current() const {
  const Standing standing = standing_;
  if (standing != Standing::kHolding && standing != Standing::kAskedBack) return false;
  const KafkaPtr<rd_kafka_consumer_group_metadata_s> now(rd_kafka_consumer_group_metadata(client_.get()));
  return now && bytes_of(now.get()) == bytes_of(membership_.get());
}

}  // namespace driftcast
