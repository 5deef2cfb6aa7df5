// MemoryStore: a store in memory. For tests and tools; it can forget like a process that died with full memtables.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "state/store.h"

namespace driftcast {

class MemoryStore final : public Store {
 public:
  Result<std::optional<std::string>> get(Partition, TableId, std::string_view key) override;
  Result<void> scan(Partition, TableId, const Visitor& visitor) override;
  Result<void> apply(Partition, std::span<const Entry>, const Mark&) override;
  Result<void> fill(Partition, std::span<const Entry>) override;
  Result<std::optional<Mark>> mark(Partition) override;
  std::vector<Partition> partitions() override;
  Result<void> prepare(std::span<const Partition>) override { return {}; }
  Result<void> drop(Partition) override;
  Result<void> flush() override;

  // Goes back, per partition, to what its last flush held: a consistent earlier state. Dropped partitions stay dropped.
  void lose_unflushed();

  // One partition becomes durable alone, as when only its memtable is full: a crash leaves partitions at different marks.
  void flush_one(Partition partition);

 private:
  struct Content {
    std::map<std::pair<TableId, std::string>, std::string> values;
    std::optional<Mark> mark;
  };
  std::vector<std::pair<std::string, std::string>> rows(Partition partition, TableId table);
  static void put(std::span<const Entry> entries, Content& content);

  std::mutex mutex_;
  std::map<Partition, Content> partitions_, flushed_;
};

}  // namespace driftcast
