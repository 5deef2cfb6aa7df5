#include "state/memory_store.h"

#include <vector>

namespace driftcast {

Result<std::optional<std::string>> MemoryStore::get(Partition partition, TableId table, std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto content = partitions_.find(partition);
  if (content == partitions_.end()) return std::optional<std::string>();
  const auto found = content->second.values.find(std::pair(table, std::string(key)));
  return found == content->second.values.end() ? std::nullopt : std::optional(found->second);
}

Result<void> MemoryStore::scan(Partition partition, TableId table, const Visitor& visitor) {
  for (const auto& [key, value] : rows(partition, table)) DRIFTCAST_TRY(visitor(key, value));
  return {};
}

// A copy, so that a visitor may use the store and sees one state of it, as with the store on disk.
std::vector<std::pair<std::string, std::string>> MemoryStore::rows(Partition partition, TableId table) {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::string>> rows;
  const auto content = partitions_.find(partition);
  if (content == partitions_.end()) return rows;
  const auto& values = content->second.values;
  auto at = values.lower_bound(std::pair(table, std::string()));
  for (; at != values.end() && at->first.first == table; ++at) rows.emplace_back(at->first.second, at->second);
  return rows;
}

void MemoryStore::put(std::span<const Entry> entries, Content& content) {
  for (const Entry& entry : entries) {
    if (entry.value) {
      content.values[std::pair(entry.table, entry.key)] = *entry.value;
    } else {
      content.values.erase(std::pair(entry.table, entry.key));
    }
  }
}

Result<void> MemoryStore::apply(Partition partition, std::span<const Entry> entries, const Mark& mark) {
  const std::lock_guard lock(mutex_);
  put(entries, partitions_[partition]);
  partitions_[partition].mark = mark;
  return {};
}

Result<void> MemoryStore::fill(Partition partition, std::span<const Entry> entries) {
  const std::lock_guard lock(mutex_);
  put(entries, partitions_[partition]);
  return {};
}

std::vector<Partition> MemoryStore::partitions() {
  const std::lock_guard lock(mutex_);
  std::vector<Partition> partitions;
  for (const auto& [partition, content] : partitions_) partitions.push_back(partition);
  return partitions;
}

Result<std::optional<Mark>> MemoryStore::mark(Partition partition) {
  const std::lock_guard lock(mutex_);
  const auto content = partitions_.find(partition);
  return content == partitions_.end() ? std::nullopt : content->second.mark;
}

Result<void> MemoryStore::drop(Partition partition) {
  const std::lock_guard lock(mutex_);
  partitions_.erase(partition);
  flushed_.erase(partition);  // a drop is durable at once
  return {};
}

Result<void> MemoryStore::flush() {
  const std::lock_guard lock(mutex_);
  flushed_ = partitions_;
  return {};
}

void MemoryStore::flush_one(Partition partition) {
  const std::lock_guard lock(mutex_);
  if (const auto content = partitions_.find(partition); content != partitions_.end())
    flushed_[partition] = content->second;
}

void MemoryStore::lose_unflushed() {
  const std::lock_guard lock(mutex_);
  partitions_ = flushed_;
}

}  // namespace driftcast
