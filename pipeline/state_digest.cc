#include "pipeline/state_digest.h"

#include <fmt/format.h>

#include "core/hash.h"
#include "pipeline/timestamps.h"
#include "state/mark_codec.h"

namespace driftcast {
namespace {

// The mark without what another history of the same records would have otherwise.
std::string essence_of(Mark mark) {
  mark.epoch = 0;
  mark.lineage = 0;
  mark.changelog_offset = 0;
  return encode_mark(mark);
}

Result<PartitionDigest> digest_of(Store& store, Partition partition, const Mark& mark) {
  PartitionDigest result{partition, mark, 0, hash64(essence_of(mark))};
  for (const TableId table : {TableId::kUsers, TableId::kWindows, TableId::kLedger, TableId::kPopulation}) {
    const auto add = [&](std::string_view key, std::string_view value) -> Result<void> {
      ++result.entries;
      result.digest = hash64(value, hash64(key, result.digest + static_cast<std::uint64_t>(table)));
      return {};
    };
    DRIFTCAST_TRY(store.scan(partition, table, add));
  }
  return result;
}

std::string time_text(EventTime time) { return time == kBeginningOfTime ? "-" : rfc3339(time); }

}  // namespace

Result<std::vector<PartitionDigest>> digest_states(Store& store) {
  std::vector<PartitionDigest> digests;
  for (const Partition partition : store.partitions()) {
    const auto mark = store.mark(partition);
    if (!mark) return mark.error();
    if (!*mark) continue;
    const auto digest = digest_of(store, partition, **mark);
    if (!digest) return digest.error();
    digests.push_back(*digest);
  }
  return digests;
}

std::string digest_text(const std::vector<PartitionDigest>& digests) {
  std::string text =
      fmt::format("{:>9}  {:>14}  {:<24}  {:>9}  {:<16}\n", "partition", "position", "watermark", "entries", "digest");
  for (const PartitionDigest& each : digests) {
    const Position& position = each.mark.position;
    const std::string place = position.ordinal == 0 ? fmt::to_string(position.next_offset)
                                                    : fmt::format("{}.{}", position.next_offset, position.ordinal);
    text += fmt::format("{:>9}  {:>14}  {:<24}  {:>9}  {:016x}\n", each.partition, place,
                        time_text(each.mark.watermark), each.entries, each.digest);
  }
  return text;
}

}  // namespace driftcast
