#include "pipeline/kafka_offset.h"

#include <fmt/format.h>

#include <cinttypes>
#include <cstdio>

namespace driftcast {
namespace {

Error refused(Partition partition, const std::string& why) {
  return error(ErrorCode::kConfig, fmt::format("the committed offset of partition {} {}; give another kafka.group and "
                                               "topics.changelog to start afresh",
                                               partition, why));
}

}  // namespace

std::string offset_text(const OffsetCommit& commit) {
  const std::string text = fmt::format("driftcast at {}.{} lineage {:x} mark {} format {} config {:x} model {:x}",
                                       commit.position.next_offset, commit.position.ordinal, commit.lineage,
                                       commit.mark_epoch, commit.format, commit.config_hash, commit.model_hash);
  return commit.partitions == 0 ? text : text + fmt::format(" of {}", commit.partitions);
}

Result<OffsetCommit> read_offset_text(Partition partition, Offset offset, const std::string& text) {
  OffsetCommit commit;
  commit.partition = partition;
  const int read =
      std::sscanf(text.c_str(),
                  "driftcast at %" SCNd64 ".%" SCNd64 " lineage %" SCNx64 " mark %" SCNu64 " format %" SCNu32
                  " config %" SCNx64 " model %" SCNx64 " of %d",
                  &commit.position.next_offset, &commit.position.ordinal, &commit.lineage, &commit.mark_epoch,
                  &commit.format, &commit.config_hash, &commit.model_hash, &commit.partitions);
  if (read < 5) return refused(partition, "was not made by driftcast");
  // A newer program may say more; the caller refuses its format.
  if (commit.format == Mark::kFormat && offset_text(commit) != text) {
    return refused(partition, "was not made by driftcast");
  }
  if (commit.position.next_offset != offset) {
    return refused(partition, fmt::format("is {}, but was {} when driftcast committed it: it has been moved", offset,
                                          commit.position.next_offset));
  }
  return commit;
}

}  // namespace driftcast
