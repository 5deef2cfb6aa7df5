// RocksDbStore: the store on disk. One column family per partition holds its tables and its mark, so a batch is atomic
// with its position; the write-ahead log is off: what a crash takes from the memtables, the log gives back.
#pragma once

#include <memory>
#include <string>

#include "state/options.h"
#include "state/store.h"

namespace driftcast {

class RocksDbStore final : public Store {
 public:
  // Opens or creates. A directory in use by another process, or written by a newer program, is refused.
  static Result<std::unique_ptr<RocksDbStore>> open(const std::string& dir, const StateOptions& options);
  ~RocksDbStore() override;  // flushes

  Result<std::optional<std::string>> get(Partition, TableId, std::string_view key) override;
  Result<void> scan(Partition, TableId, const Visitor& visitor) override;
  Result<void> apply(Partition, std::span<const Entry>, const Mark&) override;
  Result<void> fill(Partition, std::span<const Entry>) override;
  Result<std::optional<Mark>> mark(Partition) override;
  std::vector<Partition> partitions() override;
  Result<void> prepare(std::span<const Partition> partitions) override;
  Result<void> drop(Partition) override;
  Result<void> flush() override;
  Result<void> start_flush() override;

 private:
  struct Parts;
  explicit RocksDbStore(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace driftcast
