#include "pipeline/kafka_log.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "pipeline/kafka_check_rights.h"
#include "pipeline/kafka_offset.h"
#include "pipeline/refusals.h"
#include "pipeline/start.h"

namespace driftcast {
namespace {

constexpr std::chrono::seconds kStable{60};  // longer than any transaction that may still hold an offset back
constexpr int kStableTryMs = 1'000;
constexpr int kNewsMs = 50;
constexpr std::chrono::seconds kSayAgain{10};
constexpr std::chrono::milliseconds kAskAgain{500};
constexpr std::chrono::seconds kVerdict{4};  // longer than between two heartbeats

// An instance without a name has one for its transactions that no other will ever have.
std::string transactional_id_of(const KafkaOptions& options) {
  if (!options.instance.empty()) return options.group + "." + options.instance;
  std::random_device device;
  return fmt::format("{}.{}-{:08x}{:08x}", options.group, ::getpid(), device(), device());
}

// Says the same thing only now and then.
class Reminder {
 public:
  bool is_due() {
    const auto now = std::chrono::steady_clock::now();
    if (said_ && now - *said_ < kSayAgain) return false;
    said_ = now;
    return true;
  }

 private:
  std::optional<std::chrono::steady_clock::time_point> said_;
};

// Offsets that an open transaction may still change are waited for.
Result<void> fetch_stable(const KafkaClient& client, rd_kafka_topic_partition_list_s& list, const std::string& tried,
                          const StillWanted& wanted) {
  const auto deadline = std::chrono::steady_clock::now() + kStable;
  while (true) {
    const rd_kafka_resp_err_t code = rd_kafka_committed(client.get(), &list, kStableTryMs);
    const bool waits = code == RD_KAFKA_RESP_ERR__TIMED_OUT && std::chrono::steady_clock::now() < deadline;
    if (!waits) return checked(code, tried);
    if (wanted && !wanted()) return given_up(tried);
  }
}

}  // namespace

Result<std::unique_ptr<KafkaLog>> KafkaLog::open(const PipelineOptions& options, Until until) {
  std::unique_ptr<KafkaLog> log(new KafkaLog(options));
  log->transactional_id_ = transactional_id_of(options.kafka);
  const auto start = parse_start(options.start);
  if (!start) return start.error();
  log->start_ = *start;
  auto group = KafkaGroup::open(options.kafka, options.topics.input, until);
  if (!group) return group.error();
  log->group_ = std::move(*group);
  if (until == Until::kEnd) DRIFTCAST_TRY(log->note_ends());
  auto changelog = KafkaChangelog::open(options.kafka, options.topics.changelog);
  if (!changelog) return changelog.error();
  log->changelog_ = std::make_unique<KafkaChangelog>(std::move(*changelog));
  DRIFTCAST_TRY(log->open_sink());
  DRIFTCAST_TRY(log->group_->join());
  return log;
}

Result<void> KafkaLog::note_ends() {
  ends_.emplace();
  for (const Partition partition : first_partitions(group_->partitions())) {
    const auto range = group_->client().range_of(options_.topics.input, partition);
    if (!range) return range.error();
    (*ends_)[partition] = range->end;
  }
  auto end = KafkaEnd::open(group_->client(), options_.kafka, options_.topics.input, *ends_);
  if (!end) return end.error();
  end_.emplace(std::move(*end));
  return {};
}

// Asks the brokers at most now and then.
Result<bool> KafkaLog::at_end() {
  const auto now = std::chrono::steady_clock::now();
  if (!end_ || now - end_asked_ < kAskAgain) return false;
  end_asked_ = now;
  return end_->reached();
}

Result<bool> KafkaLog::await_end(const std::atomic<bool>& stop) {
  while (!stop) {
    const auto over = at_end();
    if (!over || *over) return over;
    const auto standing = group_->serve(kNewsMs);
    if (!standing) return standing.error();
    if (*standing != KafkaGroup::Standing::kHolding) return false;
  }
  return false;
}

Result<void> KafkaLog::open_sink() {
  sink_.reset();  // before the next: a client that is fenced has nothing more to say
  auto sink = KafkaSink::open(options_.kafka, options_.topics, transactional_id_, group_->partitions());
  if (!sink) return sink.error();
  sink_ = std::move(*sink);
  return {};
}

// A producer is fenced when its transaction took too long, or by another instance of this one's name. The latter the group
// knows, too, and says at the next heartbeat.
Result<void> KafkaLog::wait_for_verdict() {
  if (options_.kafka.instance.empty()) return {};
  const auto deadline = std::chrono::steady_clock::now() + kVerdict;
  while (std::chrono::steady_clock::now() < deadline) {
    if (const auto standing = group_->serve(kNewsMs); !standing) return standing.error();
  }
  return {};
}

// To the brokers, for the partitions held now.
Result<void> KafkaLog::connect() {
  if (sink_ && sink_->fenced()) DRIFTCAST_TRY(wait_for_verdict());
  if (!sink_ || !sink_->usable()) DRIFTCAST_TRY(open_sink());
  auto source = KafkaSource::open(group_->client(), options_.topics.input, assigned(), start_, ends_);
  if (!source) return source.error();
  source_ = std::move(*source);
  return {};
}

// What was read and is recovered again counts as not read yet.
Result<void> KafkaLog::seek(Partition partition, Offset offset) {
  source_->seek(partition, offset);
  Reading& reading = readings_.try_emplace(partition, Reading{offset, offset}).first->second;
  reading.next = offset;
  reading.whole = exhausted(partition);
  return {};
}

Result<void> KafkaLog::poll(Partition partition, std::size_t max, Slice& slice) {
  const auto polled = source_->poll(partition, max, slice);
  if (!polled) return polled;
  Reading& reading = readings_[partition];
  if (!slice.records.empty()) reading.next = slice.records.back().offset + 1;
  reading.whole = exhausted(partition);
  return polled;
}

// A partition that is not recovered yet has all of its records before it, as far as is known. Not only records have
// offsets: at the end of a partition all is read, whatever the last record was.
double KafkaLog::progress() const {
  if (!ends_ || !source_ || assigned().empty()) return 0;
  Offset read = 0, all = 0;
  for (const Partition partition : assigned()) {
    const Offset first = start_offset(partition);
    const auto found = readings_.find(partition);
    const Reading reading = found == readings_.end() ? Reading{first, first} : found->second;
    const Offset length = std::max<Offset>(ends_->at(partition) - reading.from, 0);
    all += length;
    read += reading.whole ? length : std::clamp<Offset>(reading.next - reading.from, 0, length);
  }
  return all == 0 ? 1 : static_cast<double>(read) / static_cast<double>(all);
}

Result<bool> KafkaLog::acquire(const std::atomic<bool>& stop,
                               const std::function<void(const std::string& trouble)>& waiting) {
  using Standing = KafkaGroup::Standing;
  source_.reset();
  Reminder reminder;
  while (!stop) {
    const auto standing = group_->serve(kNewsMs);
    if (!standing) return standing.error();
    if (waiting) waiting(trouble());
    if (*standing == Standing::kAskedBack || *standing == Standing::kLost) group_->give_back();
    const bool holds = *standing == Standing::kHolding;
    if (holds && assigned().empty()) {
      const auto over = at_end();
      if (!over) return over.error();
      if (*over) return false;
    }
    if (holds && !assigned().empty()) {
      const auto connected = connect();
      if (connected) return true;
      const ErrorCode code = connected.error().code;
      if (code != ErrorCode::kUnavailable && code != ErrorCode::kRollback) return connected.error();
      if (reminder.is_due()) spdlog::warn("{}; trying again", connected.error().message);
    } else if (reminder.is_due()) {
      spdlog::info("waiting for partitions of topic '{}' in the group '{}'", options_.topics.input,
                   options_.kafka.group);
    }
  }
  return false;
}

Result<bool> KafkaLog::keeps_assignment() {
  const auto standing = group_->serve(0);
  if (!standing) return standing.error();
  if (*standing == KafkaGroup::Standing::kLost) {
    return error(ErrorCode::kRollback, "the partitions were given to another instance of the group");
  }
  return *standing == KafkaGroup::Standing::kHolding;
}

// Offsets go with the membership under which the records were read. Had this member joined anew meanwhile, the brokers
// would take them under the new one too, though the partitions may be another's now.
Result<void> KafkaLog::check_membership() const {
  if (group_->is_current()) return {};
  return error(ErrorCode::kRollback, "the membership in the group has changed since the records were read");
}

// A sink that was given up after its commit was known to be done leaves nothing behind, and is just replaced.
Result<void> KafkaLog::begin() {
  if (!sink_->usable()) DRIFTCAST_TRY(open_sink());
  return sink_->begin();
}

Result<void> KafkaLog::send_offsets(std::span<const OffsetCommit> offsets) {
  std::vector<OffsetCommit> counted(offsets.begin(), offsets.end());
  for (OffsetCommit& offset : counted) offset.partitions = group_->partitions();
  return sink_->send_offsets(counted, options_.topics.input, group_->membership());
}

Result<void> KafkaLog::commit() {
  DRIFTCAST_TRY(check_membership());
  return sink_->commit();
}

Result<std::optional<OffsetCommit>> KafkaLog::fetch_committed(Partition partition, const StillWanted& wanted) const {
  const std::string tried = "fetch the committed offset of partition " + std::to_string(partition);
  const KafkaPtr<rd_kafka_topic_partition_list_s> list(rd_kafka_topic_partition_list_new(1));
  const rd_kafka_topic_partition_t& entry =
      *rd_kafka_topic_partition_list_add(list.get(), options_.topics.input.c_str(), partition);
  DRIFTCAST_TRY(fetch_stable(group_->client(), *list, tried, wanted));
  DRIFTCAST_TRY(checked(entry.err, tried));
  if (entry.offset < 0) return std::optional<OffsetCommit>();
  const std::string text(static_cast<const char*>(entry.metadata), entry.metadata_size);
  auto read = read_offset_text(partition, entry.offset, text);
  if (!read) return read.error();
  return std::optional(*read);
}

Result<std::optional<OffsetCommit>> KafkaLog::committed(Partition partition, const StillWanted& wanted) {
  auto found = fetch_committed(partition, wanted);
  if (!found) return found;
  if (*found) DRIFTCAST_TRY(check_same_partitions(**found, group_->partitions()));
  if (!*found) DRIFTCAST_TRY(check_first_run(partition, wanted));
  if (*found) source_->reach(partition, (*found)->position.next_offset + ((*found)->position.ordinal > 0 ? 1 : 0));
  return found;
}

// A partition without a committed offset may be new: then users that lie in it now have their states in others.
Result<void> KafkaLog::check_first_run(Partition partition, const StillWanted& wanted) {
  const auto offsets = committed_offsets(group_->client(), options_, group_->partitions());
  if (!offsets) return offsets.error();
  for (const CommittedOffset& offset : *offsets) {
    const auto commit = read_offset_text(offset.partition, offset.offset, offset.text);
    if (commit) DRIFTCAST_TRY(check_same_partitions(*commit, group_->partitions()));
  }
  return check_empty(*changelog_, options_.kafka.group, partition, wanted);
}

}  // namespace driftcast
