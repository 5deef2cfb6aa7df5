// FileLog: a FileSource and a FileSink as one Log. It has no changelog: the input is all there, so a lost store is
// rebuilt by replaying it with outputs suppressed.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/file_sink.h"
#include "pipeline/file_source.h"
#include "pipeline/log.h"

namespace driftcast {

class FileLog final : public Log {
 public:
  FileLog(std::unique_ptr<FileSource> source, std::unique_ptr<FileSink> sink, int partitions)
      : source_(std::move(source)), sink_(std::move(sink)), all_(first_partitions(partitions)) {}

  const std::vector<Partition>& assigned() const override { return all_; }
  Offset start_offset(Partition) const override { return 0; }
  Result<void> seek(Partition partition, Offset offset) override {
    source_->seek(partition, offset);
    if (const auto committed = sink_->committed(partition)) source_->expect(partition, committed->position);
    return {};
  }
  Result<void> poll(Partition partition, std::size_t max, Slice& slice) override {
    return source_->poll(partition, max, slice);
  }
  bool exhausted(Partition partition) const override { return source_->exhausted(partition); }

  Result<void> begin() override { return {}; }
  Result<void> write(Partition partition, const Outbox& outbox) override {
    sink_->write(partition, outbox);
    return {};
  }
  Result<Offset> write_changelog(Partition, std::span<const Entry>, const Mark&) override { return Offset{0}; }
  Result<void> send_offsets(std::span<const OffsetCommit> offsets) override {
    offsets_.assign(offsets.begin(), offsets.end());
    return {};
  }
  Result<void> commit() override { return sink_->commit(offsets_); }
  Result<void> abort() override {
    sink_->abort();
    return {};
  }

  Result<std::optional<OffsetCommit>> committed(Partition partition, const StillWanted&) override {
    return sink_->committed(partition);
  }
  bool has_changelog() const override { return false; }
  Result<void> replay_changelog(Partition, Offset, const ChangelogConsumer&, const StillWanted&) override { return {}; }

  const FileSource& source() const { return *source_; }

 private:
  std::unique_ptr<FileSource> source_;
  std::unique_ptr<FileSink> sink_;
  std::vector<OffsetCommit> offsets_;
  std::vector<Partition> all_;
};

}  // namespace driftcast
