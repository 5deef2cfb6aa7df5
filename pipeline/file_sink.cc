#include "pipeline/file_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "config/files.h"
#include "pipeline/wire.h"

namespace driftcast {
namespace {

// The one name of a directory, however it was written: no links, dots or slash at the end.
std::string one_name(const std::string& dir) {
  std::error_code failure;
  const auto name = std::filesystem::canonical(dir, failure);
  return failure ? dir : name.string();
}

// Cuts the files of a record to their committed sizes; missing ones may have been taken away.
void cut_to_committed(const JournalRecord& record) {
  for (const auto& [name, size] : record.sizes) {
    std::error_code ignored;
    const std::string path = record.dir + "/" + name;
    if (std::filesystem::file_size(path, ignored) > static_cast<std::uintmax_t>(size) && !ignored) {
      std::filesystem::resize_file(path, static_cast<std::uintmax_t>(size), ignored);
    }
  }
}

}  // namespace

FileSink::~FileSink() {
  for (auto& [name, file] : files_) {
    if (file.descriptor >= 0) ::close(file.descriptor);
  }
  if (locked_ >= 0) ::close(locked_);
}

Result<std::unique_ptr<FileSink>> FileSink::open(const SinkOptions& sink, const TopicOptions& topics,
                                                 const std::string& journal_path, bool has_states) {
  DRIFTCAST_TRY(make_directory(sink.dir));
  auto journal = Journal::open(journal_path);
  if (!journal) return journal.error();
  if (has_states && !journal->newest()) {
    return error(ErrorCode::kIo, "the journal '" + journal_path +
                                     "' is missing or destroyed: it told which outputs the states beside it go with; "
                                     "put it back, or remove the state directory to begin anew");
  }
  auto result = std::unique_ptr<FileSink>(new FileSink(sink, std::move(*journal)));
  result->dir_ = one_name(sink.dir);
  const auto locked = lock_directory(result->dir_, "the output directory '" + result->dir_ +
                                                       "' is in use by another process; stop it, or give this one "
                                                       "another sink.dir");
  if (!locked) return locked.error();
  result->locked_ = *locked;
  DRIFTCAST_TRY(result->open_files(topics));
  return result;
}

std::string file_of(Topic topic, const TopicOptions& topics) {
  const std::string& drift = topics.drift.empty() ? topics.forecasts : topics.drift;
  const std::array<const std::string*, kTopics> names = {&topics.forecasts, &drift, &topics.sessions, &topics.late,
                                                         &topics.dlq};
  return *names[static_cast<std::size_t>(topic)] + ".jsonl";
}

Result<void> FileSink::open_files(const TopicOptions& topics) {
  std::map<std::string, std::int64_t> committed;
  if (const auto& newest = journal_.newest()) {
    cut_to_committed(*newest);
    if (newest->dir == dir_) committed.insert(newest->sizes.begin(), newest->sizes.end());
  }
  for (std::size_t topic = 0; topic < kTopics; ++topic) {
    const std::string name = file_of(static_cast<Topic>(topic), topics);
    File& file = files_[name];
    topic_files_[topic] = &file;
    if (file.descriptor >= 0) continue;
    file.path = dir_ + "/" + name;
    file.size = committed[name];
    file.descriptor = ::open(file.path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file.descriptor < 0) return file_error(ErrorCode::kCannotCreate, "create", file.path);
    const off_t end = ::lseek(file.descriptor, 0, SEEK_END);
    if (end < file.size) {
      return error(ErrorCode::kIo, "'" + file.path + "' is shorter than what was committed to it (" +
                                       std::to_string(end) + " of " + std::to_string(file.size) +
                                       " bytes): put it back, or start afresh with another state.dir");
    }
    if (::ftruncate(file.descriptor, file.size) != 0 || ::lseek(file.descriptor, file.size, SEEK_SET) < 0) {
      return file_error(ErrorCode::kIo, "cut", file.path);
    }
  }
  return {};
}

void FileSink::write(Partition partition, const Outbox& outbox) {
  for (std::size_t i = 0; i < outbox.size(); ++i) {
    const OutboxRecord record = outbox[i];
    std::string& buffer = topic_files_[static_cast<std::size_t>(record.topic)]->buffer;
    if (record.topic == Topic::kLate || record.topic == Topic::kDeadLetters) {
      append_envelope(buffer, partition, record);
    } else {
      buffer += record.value;
    }
    buffer += '\n';
  }
}

Result<void> FileSink::commit(std::span<const OffsetCommit> offsets) {
  JournalRecord record;
  record.dir = dir_;
  record.offsets.assign(offsets.begin(), offsets.end());
  for (auto& [name, file] : files_) {
    DRIFTCAST_TRY(write_all(file.descriptor, file.buffer, file.path));
    if (options_.sync && ::fdatasync(file.descriptor) != 0) return file_error(ErrorCode::kIo, "sync", file.path);
    record.sizes.emplace_back(name, file.size + static_cast<std::int64_t>(file.buffer.size()));
  }
  DRIFTCAST_TRY(journal_.append(record, options_.sync));
  for (auto& [name, file] : files_) {
    file.size += static_cast<std::int64_t>(file.buffer.size());
    file.buffer.clear();
  }
  return {};
}

void FileSink::abort() {
  for (auto& [name, file] : files_) {
    file.buffer.clear();
    // What a failed commit wrote beyond the committed size must not stay in front of the next one's bytes.
    if (::ftruncate(file.descriptor, file.size) == 0) ::lseek(file.descriptor, file.size, SEEK_SET);
  }
}

std::optional<OffsetCommit> FileSink::committed(Partition partition) const {
  if (!journal_.newest()) return std::nullopt;
  for (const OffsetCommit& offset : journal_.newest()->offsets) {
    if (offset.partition == partition) return offset;
  }
  return std::nullopt;
}

}  // namespace driftcast
