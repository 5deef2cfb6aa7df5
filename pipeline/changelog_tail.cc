#include "pipeline/changelog_tail.h"

#include <algorithm>
#include <string>
#include <utility>

#include "pipeline/refusals.h"

namespace driftcast {
namespace {

constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::int64_t kRecordsPerLook = 2048;

}  // namespace

Result<void> ChangelogTail::fill() {
  filled_ = true;
  DRIFTCAST_TRY(store_.fill(committed_.partition, batch_));
  batch_.clear();
  batch_bytes_ = 0;
  return {};
}

Result<void> ChangelogTail::look(Offset at) {
  const double share = static_cast<double>(at - begin_) / static_cast<double>(std::max<Offset>(end_ - begin_, 1));
  progress_.share = std::clamp(share, 0.0, 1.0);
  if (wanted()) return {};
  return error(ErrorCode::kRollback,
               "the recovery of partition " + std::to_string(committed_.partition) + " was given up half way");
}

Result<bool> ChangelogTail::take(ChangelogRecord&& record) {
  if (++progress_.records % kRecordsPerLook == 0) DRIFTCAST_TRY(look(record.offset));
  if (record.mark) {
    if (record.mark->lineage != committed_.lineage) {
      return wrong_changelog(committed_.partition, "holds the states of another group, too");
    }
    mark_ = record.mark;
    return mark_->epoch < committed_.mark_epoch;
  }
  batch_bytes_ += record.entry->key.size() + (record.entry->value ? record.entry->value->size() : 0);
  batch_.push_back(std::move(*record.entry));
  if (batch_bytes_ >= kBatchBytes) DRIFTCAST_TRY(fill());
  return true;
}

Result<void> ChangelogTail::read(Log& log) {
  const auto consumer = [this](ChangelogRecord&& record) { return take(std::move(record)); };
  DRIFTCAST_TRY(log.replay_changelog(committed_.partition, begin_, consumer, [this] { return wanted(); }));
  if (mark_ && mark_->epoch == committed_.mark_epoch) return {};
  return wrong_changelog(committed_.partition, "lacks the mark of epoch " + std::to_string(committed_.mark_epoch) +
                                                   " that the committed offset names: it is another topic, or was "
                                                   "made anew");
}

// What a changelog that is refused has filled the store with is another history's.
Result<Mark> ChangelogTail::apply(Log& log, const std::optional<Mark>& local, Offset end) {
  begin_ = local ? local->changelog_offset : 0;
  end_ = end;
  if (const auto fits = read(log); !fits) {
    if (filled_ && fits.error().code == ErrorCode::kConfig) DRIFTCAST_TRY(store_.drop(committed_.partition));
    return fits.error();
  }
  DRIFTCAST_TRY(store_.apply(committed_.partition, batch_, *mark_));
  DRIFTCAST_TRY(look(end_));
  return *mark_;
}

}  // namespace driftcast
