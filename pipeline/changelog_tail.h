// ChangelogTail: what a changelog has more than a store, up to the mark that a committed offset names.
//
// The store is filled as the records come, in batches; its mark is written last, when all is there. So a store of which
// half is restored is one without a mark, or still one of its old mark: then it takes the same records again.
#pragma once

#include <optional>
#include <vector>

#include "core/result.h"
#include "pipeline/log.h"
#include "pipeline/recovery.h"
#include "state/store.h"

namespace driftcast {

class ChangelogTail {
 public:
  // Borrows store and watch.
  ChangelogTail(Store& store, const OffsetCommit& committed, const RecoveryWatch& watch)
      : store_(store), committed_(committed), watch_(watch), progress_{committed.partition} {}

  // Applies it to a store that stands at `local`, or, without one, to an empty store. `end`: of the changelog, to tell
  // how far it is. Returns the mark that is named. A changelog without it, or with marks of another lineage, is another
  // one than the committed offset's, or more than one group's: kConfig.
  Result<Mark> apply(Log& log, const std::optional<Mark>& local, Offset end);

 private:
  Result<void> read(Log& log);
  Result<bool> take(ChangelogRecord&& record);
  Result<void> fill();
  Result<void> look(Offset at);
  bool wanted() const { return !watch_ || watch_(progress_); }

  Store& store_;
  const OffsetCommit& committed_;
  const RecoveryWatch& watch_;
  Offset begin_ = 0, end_ = 0;
  RecoveryProgress progress_;
  std::vector<Entry> batch_;
  std::size_t batch_bytes_ = 0;
  bool filled_ = false;
  std::optional<Mark> mark_;  // the newest found
};

}  // namespace driftcast
