#include "pipeline/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "config/files.h"
#include "core/hash.h"
#include "state/codec.h"

namespace driftcast {
namespace {

constexpr std::size_t kHeader = 8;  // length and its own checksum: a damaged length must not look like a torn end

std::string header_of(std::uint32_t length) {
  std::string bytes(kHeader, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  const auto check = static_cast<std::uint32_t>(hash64(std::string_view(bytes).substr(0, sizeof length)));
  std::memcpy(bytes.data() + sizeof length, &check, sizeof check);
  return bytes;
}

std::string framed(const JournalRecord& record) {
  const std::string payload = encode_value(record);
  return header_of(static_cast<std::uint32_t>(payload.size())) + payload;
}

// The first record; on success `bytes` is what follows it.
Result<JournalRecord> take_record(std::string_view& bytes) {
  std::uint32_t length = 0;
  if (bytes.size() >= kHeader) std::memcpy(&length, bytes.data(), sizeof length);
  if (!bytes.starts_with(header_of(length)) || bytes.size() - kHeader < length) {
    return error(ErrorCode::kIo, "the length of a record is damaged");
  }
  auto record = decode_value<JournalRecord>(bytes.substr(kHeader, length));
  if (record) bytes.remove_prefix(kHeader + length);
  return record;
}

// A crash leaves part of a record, or room that was never filled, but no whole record behind it.
bool is_torn_end(std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(1)) {
    std::string_view rest = bytes;
    if (take_record(rest)) return false;
  }
  return true;
}

// The newest whole record; an error when a record before the last one is damaged.
Result<std::optional<JournalRecord>> newest_record(std::string_view bytes, const std::string& path) {
  std::optional<JournalRecord> newest;
  while (!bytes.empty()) {
    auto record = take_record(bytes);
    if (record) {
      newest = std::move(*record);
    } else if (record.error().code != ErrorCode::kConfig && is_torn_end(bytes)) {
      break;
    } else {
      return error(record.error().code, "the journal '" + path + "' cannot be used: " + record.error().message);
    }
  }
  return newest;
}

}  // namespace

Journal::~Journal() {
  if (file_ >= 0) ::close(file_);
}

Result<Journal> Journal::open(const std::string& path) {
  auto bytes = read_if_present(path);
  if (!bytes) return bytes.error();
  auto newest = newest_record(*bytes, path);
  if (!newest) return newest.error();
  const std::string content = *newest ? framed(**newest) : std::string();
  DRIFTCAST_TRY(replace_file(path, content));
  Journal journal;
  journal.path_ = path;
  journal.size_ = static_cast<std::int64_t>(content.size());
  journal.newest_ = std::move(*newest);
  journal.file_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (journal.file_ < 0) return file_error(ErrorCode::kCannotCreate, "open", path);
  return journal;
}

Result<void> Journal::append(const JournalRecord& record, bool sync) {
  const std::string bytes = framed(record);
  Result<void> appended = write_all(file_, bytes, path_);
  if (appended && sync && ::fdatasync(file_) != 0) appended = file_error(ErrorCode::kIo, "sync", path_);
  if (!appended) {
    (void)!::ftruncate(file_, size_);  // if this fails too, the torn end is ignored when the journal is opened
    return appended;
  }
  size_ += static_cast<std::int64_t>(bytes.size());
  newest_ = record;
  return {};
}

}  // namespace driftcast
