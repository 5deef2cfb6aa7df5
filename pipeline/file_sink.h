// FileSink: outputs as JSON Lines, one file per topic, with transactions: what an epoch wrote counts once its journal
// record is written; whatever lies beyond the committed sizes is cut off when the files are opened again.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "pipeline/journal.h"
#include "pipeline/options.h"
#include "pipeline/outbox.h"

namespace driftcast {

// Name of a topic's file in the sink's directory.
std::string file_of(Topic topic, const TopicOptions& topics);

class FileSink {
 public:
  // `journal_path` lies with the state. With a committed record for this directory the files go on where it says;
  // for another directory they start empty, and the other directory's files are cut to what was committed. One sink at a
  // time has a directory. `has_states`: there are states that committed outputs go with, so that the journal must tell
  // which; without it nothing is touched.
  static Result<std::unique_ptr<FileSink>> open(const SinkOptions& sink, const TopicOptions& topics,
                                                const std::string& journal_path, bool has_states = false);
  ~FileSink();

  void write(Partition partition, const Outbox& outbox);  // buffered until commit
  Result<void> commit(std::span<const OffsetCommit> offsets);
  void abort();
  std::optional<OffsetCommit> committed(Partition partition) const;

 private:
  struct File {
    std::string path;
    int descriptor = -1;
    std::int64_t size = 0;
    std::string buffer;
  };
  FileSink(SinkOptions sink, Journal journal) : options_(std::move(sink)), journal_(std::move(journal)) {}
  Result<void> open_files(const TopicOptions& topics);

  SinkOptions options_;
  Journal journal_;
  std::string dir_;                           // absolute
  int locked_ = -1;                           // the directory, open
  std::map<std::string, File> files_;         // by name
  std::array<File*, kTopics> topic_files_{};  // drift may share the forecasts' file
};

}  // namespace driftcast
