#include "pipeline/refusals.h"

namespace driftcast {
namespace {

std::string of(Partition partition) { return "partition " + std::to_string(partition); }

// The offsets that a group has committed, and the changelog, say what they were made under; so does a file's journal,
// which lies beside the states.
std::string advice(bool has_changelog) {
  return std::string("; run it with the old settings, or give another ") +
         (has_changelog ? "kafka.group and topics.changelog" : "state.dir") + " to start afresh";
}

}  // namespace

Result<void> check_fits(const Making& made, const Making& now, Partition partition, bool has_changelog) {
  if (made.format > now.format) {
    return error(ErrorCode::kConfig, "the committed position of " + of(partition) + " has format " +
                                         std::to_string(made.format) + ", newer than this program's " +
                                         std::to_string(now.format));
  }
  if (made.config_hash != now.config_hash) {
    return error(ErrorCode::kConfig, "the state of " + of(partition) +
                                         " was made under another configuration (a dial that changes outputs differs)" +
                                         advice(has_changelog));
  }
  return {};
}

Result<void> check_model(const OffsetCommit& committed, const std::optional<Mark>& mark, std::uint64_t model_hash) {
  const bool same = committed.model_hash == model_hash && (!mark || mark->model_hash == model_hash);
  if (same || (mark && mark->position == committed.position)) return {};
  return error(ErrorCode::kConfig,
               "the state of " + of(committed.partition) +
                   " was made with another model, and what came after it has to be computed again with that one; run "
                   "it once with the old model.dir and stop it with SIGTERM, then change the model");
}

Result<void> check_same_partitions(const OffsetCommit& committed, int partitions) {
  if (committed.partitions == 0 || committed.partitions == partitions) return {};
  return error(
      ErrorCode::kConfig,
      "the input has " + std::to_string(partitions) + " partitions, but had " + std::to_string(committed.partitions) +
          " when the offset of " + of(committed.partition) +
          " was committed, so users lie elsewhere than their states; give another kafka.group and "
          "topics.changelog to start afresh, and write the events to a new topic, for a user's must all lie in "
          "one partition");
}

Error wrong_changelog(Partition partition, const std::string& why) {
  return error(ErrorCode::kConfig, "the changelog of " + of(partition) + " " + why +
                                       "; name the topics.changelog that this kafka.group has written, or give another "
                                       "kafka.group and topics.changelog to start afresh");
}

Error ends_before(Partition partition, Offset from) {
  return wrong_changelog(partition, "ends before offset " + std::to_string(from) +
                                        ", up to which the local state has it: it is another topic, or was made anew");
}

}  // namespace driftcast
