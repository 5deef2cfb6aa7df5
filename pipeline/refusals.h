// Refusals: a state, a log and settings that do not belong together are never guessed over. Why, and what helps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.h"
#include "pipeline/log.h"
#include "state/mark.h"

namespace driftcast {

// What a state was made under, and what a program would go on with. A model is another matter: see check_model.
struct Making {
  std::uint32_t format = Mark::kFormat;
  std::uint64_t config_hash = 0;
};

inline Making making_of(const Mark& mark) { return {mark.format, mark.config_hash}; }
inline Making making_of(const OffsetCommit& commit) { return {commit.format, commit.config_hash}; }

// May the state of a partition be gone on with? `has_changelog`: of the log; on it depends what helps.
Result<void> check_fits(const Making& made, const Making& now, Partition partition, bool has_changelog);

// May a partition be gone on with under this model? Another one than before begins only where nothing has to be computed
// again: at a mark of the committed position, as a clean stop leaves it. `mark`: where the state stands; none: nowhere.
Result<void> check_model(const OffsetCommit& committed, const std::optional<Mark>& mark, std::uint64_t model_hash);

// Refuses to go on where the input has other partitions than when this was committed: users lie elsewhere than their
// states.
Result<void> check_same_partitions(const OffsetCommit& committed, int partitions);

// "the changelog of partition 3 " + `why`, and what helps.
Error wrong_changelog(Partition partition, const std::string& why);
Error ends_before(Partition partition, Offset from);  // where a state says that it goes on

}  // namespace driftcast
