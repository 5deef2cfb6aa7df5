// Store: what a state store can do. Values are opaque bytes here; a partition's states and its mark change together.
//
// Thread-safe: stages read while a committer writes. RocksDB and memory are two of these and pass the same test suite.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/result.h"
#include "state/mark.h"

namespace driftcast {

// Each table has exactly one writing stage; `population` holds one record per partition and owner.
enum class TableId : std::uint8_t { kUsers = 1, kWindows = 2, kLedger = 3, kPopulation = 4 };

constexpr std::string_view name(TableId table) {
  constexpr std::string_view kNames[] = {"none", "users", "windows", "ledger", "population"};
  return kNames[static_cast<std::size_t>(table)];
}

struct Entry {
  TableId table = TableId::kUsers;
  std::string key;
  std::optional<std::string> value;  // absent: a deletion

  bool operator==(const Entry&) const = default;
};

class Store {
 public:
  virtual ~Store() = default;

  virtual Result<std::optional<std::string>> get(Partition, TableId, std::string_view key) = 0;

  // Visits a table in key order until the visitor fails; its error is passed on.
  using Visitor = std::function<Result<void>(std::string_view key, std::string_view value)>;
  virtual Result<void> scan(Partition, TableId, const Visitor& visitor) = 0;

  // Entries and mark in one atomic batch. After a failed write the partition takes no more.
  virtual Result<void> apply(Partition, std::span<const Entry>, const Mark&) = 0;
  // Entries alone, on the way to another mark: until that is applied, the partition counts as what its mark says, and one
  // without a mark as nothing.
  virtual Result<void> fill(Partition, std::span<const Entry>) = 0;

  // The mark applied last; absent: the partition holds nothing.
  virtual Result<std::optional<Mark>> mark(Partition) = 0;
  virtual std::vector<Partition> partitions() = 0;  // that it has room for, ascending; some may hold nothing

  // Makes room for these partitions, where there is none yet: quicker than one by one, on their first write.
  virtual Result<void> prepare(std::span<const Partition> partitions) = 0;

  virtual Result<void> drop(Partition) = 0;
  virtual Result<void> flush() = 0;  // what has been applied survives the process
  // Begins that, and does not wait for it: so that a crash leaves little to restore.
  virtual Result<void> start_flush() { return {}; }
};

}  // namespace driftcast
