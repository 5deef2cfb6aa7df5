// Faults: a log and a store that stop an instance at a call of one's choice, by dying or by an error.
//
// Dying is an exception that only a test would catch: the instance is thrown away, log and store stay as they are.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "pipeline/kill_point.h"
#include "pipeline/log.h"
#include "state/store.h"

namespace driftcast {

struct Killed {};

enum class Fault { kKillBefore, kKillAfter, kFailBefore, kFailAfter };  // instead of the call, or once it is done

// Burns at one call, counted over all that share it. Thread-safe.
class Fuse {
 public:
  void arm(std::int64_t calls, Fault fault) {
    fault_ = fault;
    left_ = calls;
  }
  bool kills() const { return fault_ == Fault::kKillBefore || fault_ == Fault::kKillAfter; }
  std::int64_t calls() const { return calls_; }

  template <class Call>
  auto through(Call call) -> decltype(call()) {
    ++calls_;
    const bool burns = --left_ == 0;
    if (burns && fault_ == Fault::kKillBefore) throw Killed();
    if (burns && fault_ == Fault::kFailBefore) return error(ErrorCode::kIo, "made to fail");
    auto result = call();
    if (burns && fault_ == Fault::kKillAfter) throw Killed();
    if (burns && fault_ == Fault::kFailAfter) return error(ErrorCode::kIo, "made to seem to fail");
    return result;
  }

 private:
  std::atomic<std::int64_t> left_{0}, calls_{0};  // 0: not armed
  Fault fault_ = Fault::kKillBefore;
};

class FaultLog : public Log {
 public:
  explicit FaultLog(Log& log) : log_(log) {}

  Fuse fuse;

  const std::vector<Partition>& assigned() const override { return log_.assigned(); }
  Result<bool> keeps_assignment() override { return log_.keeps_assignment(); }
  Offset start_offset(Partition p) const override { return log_.start_offset(p); }
  bool exhausted(Partition p) const override { return log_.exhausted(p); }
  bool has_changelog() const override { return log_.has_changelog(); }
  Result<void> seek(Partition p, Offset offset) override {
    return fuse.through([&] { return log_.seek(p, offset); });
  }
  Result<void> poll(Partition p, std::size_t max, Slice& slice) override {
    return fuse.through([&] { return log_.poll(p, max, slice); });
  }
  Result<void> begin() override {
    return fuse.through([&] { return log_.begin(); });
  }
  Result<void> write(Partition p, const Outbox& outbox) override {
    return fuse.through([&] { return log_.write(p, outbox); });
  }
  Result<Offset> write_changelog(Partition p, std::span<const Entry> entries, const Mark& mark) override {
    return fuse.through([&] { return log_.write_changelog(p, entries, mark); });
  }
  Result<void> send_offsets(std::span<const OffsetCommit> offsets) override {
    return fuse.through([&] { return log_.send_offsets(offsets); });
  }
  Result<void> commit() override {
    return fuse.through([&] { return log_.commit(); });
  }
  Result<void> abort() override { return log_.abort(); }
  Result<std::optional<OffsetCommit>> committed(Partition p, const StillWanted& wanted) override {
    return fuse.through([&] { return log_.committed(p, wanted); });
  }
  Result<ChangelogExtent> changelog_extent(Partition p) override { return log_.changelog_extent(p); }
  Result<void> replay_changelog(Partition p, Offset from, const ChangelogConsumer& consumer,
                                const StillWanted& wanted) override {
    const auto fused = [&](ChangelogRecord&& record) {
      return fuse.through([&] { return consumer(std::move(record)); });
    };
    return log_.replay_changelog(p, from, fused, wanted);
  }

 private:
  Log& log_;
};

class FaultStore : public Store {
 public:
  explicit FaultStore(Store& store) : store_(store) {}

  Fuse fuse;

  // Stages read, and nothing may be thrown through a stage.
  Result<std::optional<std::string>> get(Partition p, TableId table, std::string_view key) override {
    if (fuse.kills()) return store_.get(p, table, key);
    return fuse.through([&] { return store_.get(p, table, key); });
  }
  Result<void> scan(Partition p, TableId table, const Visitor& visitor) override {
    return fuse.through([&] { return store_.scan(p, table, visitor); });
  }
  Result<void> apply(Partition p, std::span<const Entry> entries, const Mark& mark) override {
    return fuse.through([&] { return store_.apply(p, entries, mark); });
  }
  Result<void> fill(Partition p, std::span<const Entry> entries) override {
    return fuse.through([&] { return store_.fill(p, entries); });
  }
  std::vector<Partition> partitions() override { return store_.partitions(); }
  Result<std::optional<Mark>> mark(Partition p) override {
    return fuse.through([&] { return store_.mark(p); });
  }
  Result<void> prepare(std::span<const Partition> all) override { return store_.prepare(all); }
  Result<void> drop(Partition p) override {
    return fuse.through([&] { return store_.drop(p); });
  }
  Result<void> flush() override { return store_.flush(); }

 private:
  Store& store_;
};

#ifdef DRIFTCAST_KILL_POINTS

// Dies at the n-th pass of a kill point, as long as it lives.
class KillAt {
 public:
  KillAt(KillPoint point, int pass) : left_(pass) {
    set_kill_hook([this, point](KillPoint passed) {
      if (passed == point && --left_ == 0) throw Killed();
    });
  }
  KillAt(const KillAt&) = delete;
  KillAt& operator=(const KillAt&) = delete;
  ~KillAt() { set_kill_hook({}); }

 private:
  int left_;
};

#endif

}  // namespace driftcast
