// Bytes of state per user, as stored: runs the main job on an event file, then reads its store table by table.
//
//     ./dev bench state_bench ../shared/data/events/online_retail.jsonl.gz
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <string>

#include "models/model_set.h"
#include "pipeline/run.h"
#include "state/rocksdb_store.h"

namespace driftcast {
namespace {

// Quantiles of the encoded sizes, and the sums over the tables by user.
int report(const std::string& dir, int partitions) {
  const auto store = RocksDbStore::open(dir + "/store", {});
  if (!store) return fmt::print(stderr, "{}\n", store.error().message), 1;
  std::map<std::string, std::size_t> all;
  const auto quantile = [](std::vector<std::size_t>& sizes, double p) {
    std::sort(sizes.begin(), sizes.end());
    return sizes[static_cast<std::size_t>(p * static_cast<double>(sizes.size() - 1))];
  };
  fmt::print("{:<10}{:>10}{:>10}{:>10}{:>10}\n", "table", "users", "median B", "p90 B", "max B");
  for (const TableId table : {TableId::kUsers, TableId::kWindows, TableId::kLedger}) {
    std::vector<std::size_t> sizes;
    for (Partition p = 0; p < partitions; ++p) {
      const auto scanned = (*store)->scan(p, table, [&](std::string_view key, std::string_view value) -> Result<void> {
        sizes.push_back(value.size());
        all[std::string(key)] += value.size();
        return {};
      });
      if (!scanned) return fmt::print(stderr, "{}\n", scanned.error().message), 1;
    }
    if (sizes.empty()) continue;
    fmt::print("{:<10}{:>10}{:>10}{:>10}{:>10}\n", name(table), sizes.size(), quantile(sizes, 0.5),
               quantile(sizes, 0.9), sizes.back());
  }
  std::vector<std::size_t> sums;
  for (const auto& [user, size] : all) sums.push_back(size);
  if (sums.empty()) return 1;
  fmt::print("{:<10}{:>10}{:>10}{:>10}{:>10}\n", "all", sums.size(), quantile(sums, 0.5), quantile(sums, 0.9),
             sums.back());
  return 0;
}

int run(const std::string& events) {
  Settings settings;
  settings.pipeline.source.path = events;
  settings.pipeline.sink.dir = "build/state_bench/out";
  settings.state.dir = "build/state_bench/state";
  std::error_code ignored;
  std::filesystem::remove_all("build/state_bench", ignored);
  const std::atomic<bool> never{false};
  const auto summary = run_files(settings, default_models(), never, [](const Progress&) {});
  if (!summary) return fmt::print(stderr, "{}\n", summary.error().message), 1;
  return report(settings.state.dir, settings.pipeline.source.partitions);
}

}  // namespace
}  // namespace driftcast

int main(int argc, char** argv) {
  if (argc != 2) return fmt::print(stderr, "usage: state_bench EVENTS\n"), 64;
  return driftcast::run(argv[1]);
}
