// MemoryLog: a log in memory, with real transactions and a changelog. It outlives the instances that use it, so a test
// can kill one at any point and let the next go on: what was not committed is gone, what was is not.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "pipeline/log.h"

namespace driftcast {

class MemoryLog final : public Log {
 public:
  explicit MemoryLog(int partitions);

  // Appends an input record, to the partition of its key; no value is a tombstone.
  void append(std::string_view key, std::optional<std::string_view> value,
              std::optional<EventTime> timestamp = std::nullopt);
  void append_to(Partition partition, std::string_view key, std::optional<std::string_view> value,
                 std::optional<EventTime> timestamp = std::nullopt);

  // A new instance takes over: reading positions and the open transaction of the old one are gone.
  void new_instance();

  // Keeps only the newest changelog entry of each key up to the last mark, as a log cleaner would.
  void compact_changelog(Partition partition);
  // Forgets its deletions, as a log cleaner does after some time.
  void expire_deletions(Partition partition);

  // Every committed output, "topic key value" in commit order.
  const std::vector<std::string>& outputs(Partition partition) const { return lanes_[index(partition)].outputs; }
  std::size_t changelog_size(Partition partition) const { return lanes_[index(partition)].changelog.size(); }

  int partitions() const { return static_cast<int>(lanes_.size()); }
  const std::vector<Partition>& assigned() const override { return all_; }
  Offset start_offset(Partition) const override { return 0; }
  Result<void> seek(Partition partition, Offset offset) override;
  Result<void> poll(Partition partition, std::size_t max, Slice& slice) override;
  bool exhausted(Partition partition) const override;
  Result<void> begin() override;
  Result<void> write(Partition partition, const Outbox& outbox) override;
  Result<Offset> write_changelog(Partition partition, std::span<const Entry> entries, const Mark& mark) override;
  Result<void> send_offsets(std::span<const OffsetCommit> offsets) override;
  Result<void> commit() override;
  Result<void> abort() override;
  using Log::committed;
  Result<std::optional<OffsetCommit>> committed(Partition partition, const StillWanted&) override;
  bool has_changelog() const override { return true; }
  Result<ChangelogExtent> changelog_extent(Partition partition) override;
  using Log::replay_changelog;
  Result<void> replay_changelog(Partition partition, Offset from, const ChangelogConsumer& consumer,
                                const StillWanted&) override;

 private:
  struct InputRecord {
    std::string key;
    std::shared_ptr<const std::string> buffer;  // the value, padded
    std::optional<std::string_view> value;      // borrowed from the buffer
    std::optional<EventTime> timestamp;
  };
  struct Lane {
    std::deque<InputRecord> input;  // keys stay where they are while more are appended
    Offset next = 0;
    std::vector<std::string> outputs, pending_outputs;
    std::vector<ChangelogRecord> changelog, pending_changelog;
    Offset changelog_end = 0, deletions_from = 0;
    std::optional<OffsetCommit> committed, pending_offset;
  };

  static std::size_t index(Partition partition) { return static_cast<std::size_t>(partition); }

  std::vector<Lane> lanes_;
  std::vector<Partition> all_;
  bool open_ = false;
};

}  // namespace driftcast
