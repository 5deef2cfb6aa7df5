#include "pipeline/memory_log.h"

#include <set>
#include <utility>

#include "core/hash.h"
#include "pipeline/refusals.h"

namespace driftcast {

MemoryLog::MemoryLog(int partitions)
    : lanes_(static_cast<std::size_t>(partitions)), all_(first_partitions(partitions)) {}

void MemoryLog::append(std::string_view key, std::optional<std::string_view> value,
                       std::optional<EventTime> timestamp) {
  append_to(partition_of(key.empty() ? value.value_or("") : key, partitions()), key, value, timestamp);
}

void MemoryLog::append_to(Partition partition, std::string_view key, std::optional<std::string_view> value,
                          std::optional<EventTime> timestamp) {
  auto buffer = std::make_shared<std::string>(value.value_or(""));
  buffer->append(kPadding, '\0');
  if (value) value = std::string_view(*buffer).substr(0, value->size());
  lanes_[index(partition)].input.push_back({std::string(key), std::move(buffer), value, timestamp});
}

void MemoryLog::new_instance() {
  open_ = false;
  for (Lane& lane : lanes_) {
    lane.next = 0;
    lane.pending_outputs.clear();
    lane.pending_changelog.clear();
    lane.pending_offset.reset();
  }
}

void MemoryLog::expire_deletions(Partition partition) {
  Lane& lane = lanes_[index(partition)];
  std::erase_if(lane.changelog, [](const ChangelogRecord& record) { return record.entry && !record.entry->value; });
  lane.deletions_from = lane.changelog_end;
}

void MemoryLog::compact_changelog(Partition partition) {
  Lane& lane = lanes_[index(partition)];
  std::vector<ChangelogRecord> kept;
  std::set<std::pair<TableId, std::string>> newer;
  bool newest_mark = true;
  for (auto record = lane.changelog.rbegin(); record != lane.changelog.rend(); ++record) {
    const bool keep = record->mark ? std::exchange(newest_mark, false)
                                   : newer.emplace(record->entry->table, record->entry->key).second;
    if (keep) kept.push_back(*record);
  }
  lane.changelog.assign(kept.rbegin(), kept.rend());
}

Result<void> MemoryLog::seek(Partition partition, Offset offset) {
  lanes_[index(partition)].next = offset;
  return {};
}

Result<void> MemoryLog::poll(Partition partition, std::size_t max, Slice& slice) {
  Lane& lane = lanes_[index(partition)];
  for (; slice.records.size() < max && !exhausted(partition); ++lane.next) {
    const InputRecord& record = lane.input[static_cast<std::size_t>(lane.next)];
    slice.records.push_back({record.key, record.value, record.timestamp, lane.next});
    slice.buffers.push_back(record.buffer);
  }
  return {};
}

bool MemoryLog::exhausted(Partition partition) const {
  const Lane& lane = lanes_[index(partition)];
  return lane.next >= static_cast<Offset>(lane.input.size());
}

Result<void> MemoryLog::begin() {
  DRIFTCAST_CHECK(!open_);
  open_ = true;
  return {};
}

Result<void> MemoryLog::write(Partition partition, const Outbox& outbox) {
  DRIFTCAST_CHECK(open_);
  static constexpr std::array<std::string_view, kTopics> kNames = {"forecasts", "drift", "sessions", "late", "dlq"};
  for (std::size_t i = 0; i < outbox.size(); ++i) {
    const OutboxRecord record = outbox[i];
    std::string line(kNames[static_cast<std::size_t>(record.topic)]);
    line.append(" ").append(record.key).append(" ").append(record.value);
    if (record.reason != Reason::kNone) line.append(" ").append(name(record.reason));
    lanes_[index(partition)].pending_outputs.push_back(std::move(line));
  }
  return {};
}

Result<Offset> MemoryLog::write_changelog(Partition partition, std::span<const Entry> entries, const Mark& mark) {
  DRIFTCAST_CHECK(open_);
  Lane& lane = lanes_[index(partition)];
  Offset next = lane.changelog_end;
  for (const Entry& entry : entries) lane.pending_changelog.push_back({next++, entry, std::nullopt});
  Mark shipped = mark;
  shipped.changelog_offset = next + 1;
  lane.pending_changelog.push_back({next, std::nullopt, shipped});
  return next + 1;
}

Result<void> MemoryLog::send_offsets(std::span<const OffsetCommit> offsets) {
  DRIFTCAST_CHECK(open_);
  for (const OffsetCommit& offset : offsets) lanes_[index(offset.partition)].pending_offset = offset;
  return {};
}

Result<void> MemoryLog::commit() {
  DRIFTCAST_CHECK(open_);
  open_ = false;
  for (Lane& lane : lanes_) {  // those without anything pending are not written to: another thread may be reading them
    if (!lane.pending_changelog.empty()) lane.changelog_end = lane.pending_changelog.back().offset + 1;
    std::move(lane.pending_outputs.begin(), lane.pending_outputs.end(), std::back_inserter(lane.outputs));
    std::move(lane.pending_changelog.begin(), lane.pending_changelog.end(), std::back_inserter(lane.changelog));
    if (lane.pending_offset) lane.committed = lane.pending_offset;
    lane.pending_outputs.clear();
    lane.pending_changelog.clear();
    lane.pending_offset.reset();
  }
  return {};
}

Result<void> MemoryLog::abort() {
  open_ = false;
  for (Lane& lane : lanes_) {
    lane.pending_outputs.clear();
    lane.pending_changelog.clear();
    lane.pending_offset.reset();
  }
  return {};
}

Result<std::optional<OffsetCommit>> MemoryLog::committed(Partition partition, const StillWanted&) {
  return lanes_[index(partition)].committed;
}

Result<ChangelogExtent> MemoryLog::changelog_extent(Partition partition) {
  const Lane& lane = lanes_[index(partition)];
  return ChangelogExtent{lane.changelog_end, lane.deletions_from};
}

Result<void> MemoryLog::replay_changelog(Partition partition, Offset from, const ChangelogConsumer& consumer,
                                         const StillWanted&) {
  const Lane& lane = lanes_[index(partition)];
  if (from > lane.changelog_end) return ends_before(partition, from);
  for (const ChangelogRecord& record : lane.changelog) {
    if (record.offset < from) continue;
    auto more = consumer(ChangelogRecord(record));
    if (!more) return more.error();
    if (!*more) break;
  }
  return {};
}

}  // namespace driftcast
