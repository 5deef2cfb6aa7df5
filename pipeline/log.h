// Log: the source of records and the place of outputs, offsets and changelog, with transactions over the latter three.
//
// Kafka, files and memory are three of these. Reading (seek, poll, exhausted) belongs to the intake thread; a
// transaction (begin .. commit or abort) to the committer; both may run at the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "pipeline/outbox.h"
#include "pipeline/slice.h"
#include "state/mark.h"
#include "state/store.h"

namespace driftcast {

// What a committed offset says: where the partition stands, which mark is the newest in its changelog, and under which
// settings and models all of it was made (as in Mark: the mark itself may be lost where there is no changelog).
struct OffsetCommit {
  Partition partition = 0;
  Position position;
  std::uint64_t lineage = 0;
  std::uint64_t mark_epoch = 0;
  std::uint32_t format = Mark::kFormat;
  std::uint64_t config_hash = 0;
  std::uint64_t model_hash = 0;
  int partitions = 0;  // that the input had; 0: not said
  bool operator==(const OffsetCommit&) const = default;
};

// A partition's changelog is a sequence of entries and marks; a mark is the last record of its snapshot.
struct ChangelogRecord {
  Offset offset = 0;
  std::optional<Entry> entry;  // absent: a mark
  std::optional<Mark> mark;
};

struct ChangelogExtent {
  Offset end = 0;  // after its last record
  // A state as old as the records before this offset may hold what was deleted since, and no record tells of that any
  // more: the brokers keep a deletion for a time only.
  Offset deletions_from = 0;
};

// Asked every second or so by who waits for others; false: it gives up, with kRollback. Empty: it waits on.
using StillWanted = std::function<bool()>;
inline Error given_up(const std::string& tried) { return error(ErrorCode::kRollback, "no longer wanted: to " + tried); }

class Log {
 public:
  virtual ~Log() = default;

  // The partitions this instance works on; the same ones as long as it may go on with them.
  virtual const std::vector<Partition>& assigned() const = 0;

  // Whether it may go on: false when they are asked back, so that it should commit what it has and be done. Fails with
  // kRollback when they are lost already. To be called often, by the reading thread.
  virtual Result<bool> keeps_assignment() { return true; }

  // --- reading ---
  virtual Offset start_offset(Partition) const = 0;  // where a first run begins
  virtual Result<void> seek(Partition, Offset) = 0;  // the next poll continues here
  // Appends up to `max` records to an empty slice; leaves it empty when none is at hand now. May block briefly.
  virtual Result<void> poll(Partition, std::size_t max, Slice& slice) = 0;
  virtual bool exhausted(Partition) const = 0;  // a bounded input has been polled to its end
  // Offset after the newest record that is known to be there; absent: not known. Any thread.
  virtual std::optional<Offset> known_end(Partition) const { return std::nullopt; }
  // Why nothing can go on at present, in one line; empty: all is well. Called by the reading thread.
  virtual std::string trouble() { return ""; }

  // --- one transaction at a time ---
  virtual Result<void> begin() = 0;
  virtual Result<void> write(Partition, const Outbox&) = 0;
  // Appends a snapshot and its mark; returns the offset after it.
  virtual Result<Offset> write_changelog(Partition, std::span<const Entry>, const Mark&) = 0;
  virtual Result<void> send_offsets(std::span<const OffsetCommit>) = 0;
  virtual Result<void> commit() = 0;
  virtual Result<void> abort() = 0;

  // --- recovery ---
  virtual Result<std::optional<OffsetCommit>> committed(Partition, const StillWanted&) = 0;
  Result<std::optional<OffsetCommit>> committed(Partition partition) { return committed(partition, {}); }
  virtual bool has_changelog() const = 0;  // false: states are rebuilt from the input alone
  virtual Result<ChangelogExtent> changelog_extent(Partition) { return ChangelogExtent{}; }
  // Hands out the committed changelog from an offset on, until the consumer answers false or the log ends. One that ends
  // before that offset is not the one in which it was: kConfig.
  using ChangelogConsumer = std::function<Result<bool>(ChangelogRecord&&)>;
  virtual Result<void> replay_changelog(Partition, Offset from, const ChangelogConsumer&, const StillWanted&) = 0;
  Result<void> replay_changelog(Partition partition, Offset from, const ChangelogConsumer& consumer) {
    return replay_changelog(partition, from, consumer, {});
  }
};

}  // namespace driftcast
