#include "pipeline/kafka_source.h"

#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace driftcast {
namespace {

constexpr int kWaitMs = 5;

std::string name_of(Partition partition, const std::string& topic) {
  return "partition " + std::to_string(partition) + " of topic '" + topic + "'";
}

std::string_view bytes_of(const void* data, std::size_t size) {
  return data == nullptr ? std::string_view() : std::string_view(static_cast<const char*>(data), size);
}

}  // namespace

// What one look at a queue has brought: records, and news such as the end of the partition. Given back when it goes.
class KafkaSource::Messages {
 public:
  explicit Messages(std::size_t most) : all_(most) {}
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;
  ~Messages() {
    for (std::size_t i = 0; i < count_; ++i) rd_kafka_message_destroy(all_[i]);
  }

  // Does not wait: with a time-out the call would wait until it has as many as it can take.
  Result<void> take(rd_kafka_queue_s* queue) {
    const ssize_t count = rd_kafka_consume_batch_queue(queue, 0, all_.data(), all_.size());
    if (count < 0) return checked(rd_kafka_last_error(), "read the input");
    count_ = static_cast<std::size_t>(count);
    return {};
  }

  std::span<rd_kafka_message_t* const> all() const { return {all_.data(), count_}; }

 private:
  std::vector<rd_kafka_message_t*> all_;
  std::size_t count_ = 0;
};

KafkaClient::Properties KafkaSource::fetching() {
  return {{"fetch.wait.max.ms", "50"},
          {"queued.min.messages", "40000"},
          {"queued.max.messages.kbytes", "16384"},
          {"fetch.message.max.bytes", "131072"}};
}

Result<std::unique_ptr<KafkaSource>> KafkaSource::open(const KafkaClient& client, const std::string& topic,
                                                       std::span<const Partition> partitions, const Start& start,
                                                       Ends ends) {
  std::unique_ptr<KafkaSource> source(new KafkaSource(client, topic));
  source->bell_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (source->bell_ < 0) {
    return error(ErrorCode::kIo, std::string("cannot make an event descriptor: ") + std::strerror(errno));
  }
  for (const Partition partition : partitions) {
    DRIFTCAST_TRY(source->add(partition, start));
    if (!ends) continue;
    const auto end = ends->find(partition);
    if (end == ends->end())
      return error(ErrorCode::kConfig,
                   name_of(partition, topic) + " is new: its users' states are those of other partitions");
    source->lanes_[partition].end = end->second;
  }
  return source;
}

KafkaSource::~KafkaSource() {
  for (auto& [partition, lane] : lanes_) rd_kafka_queue_io_event_enable(lane.queue.get(), -1, nullptr, 0);
  if (bell_ >= 0) ::close(bell_);
}

Result<void> KafkaSource::add(Partition partition, const Start& start) {
  static constexpr std::uint64_t kRing = 1;
  const auto first = first_offset(partition, start);
  if (!first) return first.error();
  Lane& lane = lanes_[partition];
  lane.start = *first;
  lane.queue.reset(rd_kafka_queue_get_partition(client_.get(), topic_.c_str(), partition));
  if (!lane.queue) return error(ErrorCode::kBug, "there is no queue for " + name_of(partition, topic_));
  rd_kafka_queue_forward(lane.queue.get(), nullptr);  // read here only, never through the consumer's common queue
  rd_kafka_queue_io_event_enable(lane.queue.get(), bell_, &kRing, sizeof kRing);
  return {};
}

Result<Offset> KafkaSource::first_offset(Partition partition, const Start& start) const {
  const auto range = client_.range_of(topic_, partition);
  if (!range) return range.error();
  if (start.where == Start::kEarliest) return range->begin;
  if (start.where == Start::kLatest) return range->end;
  const auto found = client_.offset_at(topic_, partition, start.time);
  if (!found) return found.error();
  return found->value_or(range->end);
}

void KafkaSource::reach(Partition partition, Offset end) {
  Lane& lane = lanes_.at(partition);
  if (lane.end) lane.end = std::max(*lane.end, end);
}

void KafkaSource::seek(Partition partition, Offset offset) {
  Lane& lane = lanes_.at(partition);
  lane.next = offset;
  lane.sought = true;
  assigned_ = false;
}

Result<void> KafkaSource::assign_positions() {
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(lanes_.size())));
  for (const auto& [partition, lane] : lanes_) {
    if (!lane.sought) continue;
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = lane.next;
  }
  DRIFTCAST_TRY(client_.assign(list.get()));
  assigned_ = true;
  return {};
}

Result<void> KafkaSource::poll(Partition partition, std::size_t max, Slice& slice) {
  if (!assigned_) DRIFTCAST_TRY(assign_positions());
  Lane& lane = lanes_.at(partition);
  if (exhausted(partition)) {
    lane.dry = true;
    return {};
  }
  Messages messages(max);
  DRIFTCAST_TRY(messages.take(lane.queue.get()));
  DRIFTCAST_TRY(append(partition, messages, slice));
  lane.dry = messages.all().empty();
  if (lane.dry) wait();
  return {};
}

// Copies the records into one buffer, so that the client's can go; passes the marks in between.
Result<void> KafkaSource::append(Partition partition, const Messages& messages, Slice& slice) {
  Lane& lane = lanes_.at(partition);
  std::size_t size = kPadding;
  for (const rd_kafka_message_t* message : messages.all()) size += message->key_len + message->len;
  auto buffer = std::make_shared<std::string>();
  buffer->reserve(size);  // so that nothing moves
  const auto copy = [&](std::string_view bytes) {
    buffer->append(bytes);
    return std::string_view(*buffer).substr(buffer->size() - bytes.size());
  };
  for (const rd_kafka_message_t* message : messages.all()) {
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      lane.next = std::max(lane.next, message->offset);
      continue;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return failure_at(partition, *message);
    if (message->offset < lane.next || exhausted(partition)) continue;
    lane.next = message->offset + 1;
    if (lane.end && message->offset >= *lane.end) continue;
    Record record{copy(bytes_of(message->key, message->key_len)), std::nullopt, timestamp_of(*message),
                  message->offset};
    if (message->payload != nullptr) record.value = copy(bytes_of(message->payload, message->len));
    slice.records.push_back(record);
  }
  buffer->append(kPadding, '\0');
  if (!slice.records.empty()) slice.buffers.push_back(std::move(buffer));
  return {};
}

Error KafkaSource::failure_at(Partition partition, const rd_kafka_message_s& message) const {
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
    return error(ErrorCode::kData, name_of(partition, topic_) + " no longer has its record at offset " +
                                       std::to_string(lane(partition).next) +
                                       ": it was deleted before it was processed, or the topic was made anew");
  }
  return checked(message.err, "read " + name_of(partition, topic_)).error();
}

// Returns at once unless all partitions were found dry since the last time.
void KafkaSource::wait() {
  if (!std::all_of(lanes_.begin(), lanes_.end(), [](const auto& each) { return each.second.dry; })) return;
  for (auto& [partition, lane] : lanes_) lane.dry = false;
  pollfd bell{bell_, POLLIN, 0};
  std::uint64_t rung = 0;
  if (::poll(&bell, 1, kWaitMs) > 0) static_cast<void>(!::read(bell_, &rung, sizeof rung));
}

bool KafkaSource::exhausted(Partition partition) const {
  const Lane& asked = lane(partition);
  return asked.end && asked.next >= *asked.end;
}

}  // namespace driftcast
