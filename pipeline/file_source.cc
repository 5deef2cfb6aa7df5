#include "pipeline/file_source.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/hash.h"
#include "pipeline/decode.h"
#include "pipeline/input_file.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

constexpr std::size_t kChunk = 1 << 20;        // read at once from a file
constexpr std::size_t kPipeChunk = 64 << 10;   // and from a pipe, which seldom holds more
constexpr std::size_t kLongestLine = 2 << 20;  // or the longest record allowed; what is beyond is dropped
constexpr std::size_t kWaiting = 200'000;      // records read ahead of the slowest partition
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kClose = R"({"type":"advance","close":true})";
static_assert(kPadding >= simdjson::SIMDJSON_PADDING);

struct Waiting {
  std::string_view key, value;
  std::optional<EventTime> timestamp;
  Offset offset = 0;
  std::size_t cut = 0;
  std::shared_ptr<const std::string> buffer;
};

struct Chunk {
  std::string text;  // whole lines, padded
  Arena keys;
};

struct Inbox {
  std::deque<Waiting> waiting;
  Offset end = 0;       // of the records seen so far
  Offset from = 0;      // earlier ones are skipped
  Offset least = 0;     // records that must be there
  bool closed = false;  // and no more than these
};

}  // namespace

struct FileSource::Parts {
  SourceOptions options;
  FieldMap mapping;
  std::size_t longest_line = kLongestLine;
  std::unique_ptr<InputFile> file;
  bool ended = false;
  std::string carry;           // the unfinished last line of the chunk before
  bool skips_to_next = false;  // the carried line is too long: its rest is dropped
  std::size_t cut = 0;         // bytes of it that were
  std::vector<Inbox> inboxes;
  std::size_t waiting = 0;
  simdjson::ondemand::parser parser;
  simdjson::dom::parser strict_parser;
  Decoder decoder;

  explicit Parts(const PipelineOptions& pipeline)
      : options(pipeline.source), mapping(pipeline.mapping), decoder(pipeline, {}) {}

  Result<void> read_chunk();
  std::size_t without_rest_of_long_line(char* begin, std::size_t size);
  void take_lines(const std::shared_ptr<std::string>& text, std::size_t size, Arena& keys);
  void take_line(std::string_view line, const std::shared_ptr<const std::string>& buffer, Arena& keys);
  bool look_again(std::string_view text, std::string_view& user, Arena& keys);
  std::optional<EventTime> timestamp_of(simdjson::ondemand::document& document) const;
  void deliver(int partition, const Waiting& record);
  void deliver(Inbox& inbox, const Waiting& record, Offset offset);
  Result<void> finish();
  Result<void> check_growth(const Inbox& inbox) const;
};

void FileSource::Parts::deliver(int partition, const Waiting& record) {
  Inbox& inbox = inboxes[static_cast<std::size_t>(partition)];
  deliver(inbox, record, inbox.end++);
}

void FileSource::Parts::deliver(Inbox& inbox, const Waiting& record, Offset offset) {
  if (offset < inbox.from) return;
  inbox.waiting.push_back(record);
  inbox.waiting.back().offset = offset;
  ++waiting;
}

// A full parse of what the quick look found no user in, as decode will see it. True: an advance record.
bool FileSource::Parts::look_again(std::string_view text, std::string_view& user, Arena& keys) {
  simdjson::dom::element document;
  if (strict_parser.parse(text.data(), text.size(), false).get(document) != simdjson::SUCCESS) return false;
  simdjson::dom::element found;
  if (document.at_pointer(mapping.user_id).get(found) == simdjson::SUCCESS && !found.is_null()) {
    if (found.get(user) != simdjson::SUCCESS) user = {};
    return false;
  }
  const Record record{{}, text, std::nullopt, 0};
  return std::holds_alternative<Advance>(decoder.decode(record, keys));
}

std::optional<EventTime> FileSource::Parts::timestamp_of(simdjson::ondemand::document& document) const {
  simdjson::ondemand::value value;
  if (mapping.record_timestamp.empty()) return std::nullopt;
  if (document.at_pointer(mapping.record_timestamp).get(value) != simdjson::SUCCESS) return std::nullopt;
  std::int64_t ms = 0;
  if (value.get_int64().get(ms) == simdjson::SUCCESS) {
    const bool plausible = ms > millis(kBeginningOfTime) && ms < millis(kEndOfTime);
    return plausible ? std::optional(event_time(ms)) : std::nullopt;
  }
  std::string_view date;
  return value.get_string().get(date) == simdjson::SUCCESS ? parse_rfc3339(date) : std::nullopt;
}

void FileSource::Parts::take_line(std::string_view line, const std::shared_ptr<const std::string>& buffer,
                                  Arena& keys) {
  Waiting record{{}, line.substr(0, longest_line), std::nullopt, 0, std::exchange(cut, 0), buffer};
  if (line.size() > longest_line) record.cut += line.size() - longest_line;
  line = record.value;
  std::string_view text = line;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  simdjson::ondemand::document document;
  if (parser.iterate(text.data(), text.size(), text.size() + kPadding).get(document) == simdjson::SUCCESS) {
    record.timestamp = timestamp_of(document);
    std::string_view user;
    const bool found = document.at_pointer(mapping.user_id).get_string().get(user) == simdjson::SUCCESS;
    if (!found && look_again(text, user, keys)) {
      for (int p = 0; p < options.partitions; ++p) deliver(p, record);
      return;
    }
    record.key = keys.copy(user);
  }
  deliver(partition_of(record.key.empty() ? line : record.key, options.partitions), record);
}

void FileSource::Parts::take_lines(const std::shared_ptr<std::string>& text, std::size_t size, Arena& keys) {
  std::size_t begin = 0;
  while (begin < size) {
    const auto* end = static_cast<const char*>(std::memchr(text->data() + begin, '\n', size - begin));
    if (end == nullptr) break;
    const auto stop = static_cast<std::size_t>(end - text->data());
    std::string_view line(text->data() + begin, stop - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take_line(line, text, keys);
    begin = stop + 1;
  }
  carry.assign(*text, begin, size - begin);
  if (carry.size() <= longest_line) return;
  cut = carry.size() - longest_line;
  carry.resize(longest_line);
  skips_to_next = true;
}

// Moves what follows the first line feed to the front; returns the bytes left.
std::size_t FileSource::Parts::without_rest_of_long_line(char* begin, std::size_t size) {
  const auto* end = static_cast<const char*>(std::memchr(begin, '\n', size));
  cut += end == nullptr ? size : static_cast<std::size_t>(end - begin);
  if (end == nullptr) return 0;
  skips_to_next = false;
  const std::size_t left = size - static_cast<std::size_t>(end - begin);
  std::memmove(begin, end, left);
  return left;
}

Result<void> FileSource::Parts::read_chunk() {
  auto chunk = std::make_shared<Chunk>();
  std::string& text = chunk->text;
  const std::size_t room = file->size() == 0 ? kPipeChunk : kChunk;
  text.resize(carry.size() + room + kPadding);
  std::memcpy(text.data(), carry.data(), carry.size());
  auto read = file->read(text.data() + carry.size(), room);
  if (!read) return read.error();
  if (!*read) return {};
  ended = **read == 0;
  std::size_t fresh = **read;
  if (skips_to_next) fresh = without_rest_of_long_line(text.data() + carry.size(), fresh);
  std::size_t size = carry.size() + fresh;
  if (ended && size > 0) text[size++] = '\n';  // the last line needs no line feed of its own
  std::memset(text.data() + size, 0, text.size() - size);
  take_lines(std::shared_ptr<std::string>(chunk, &text), size, chunk->keys);
  return ended ? finish() : Result<void>();
}

// Nothing is closed when the input is not what it was.
Result<void> FileSource::Parts::finish() {
  for (std::size_t p = 0; p < inboxes.size(); ++p) {
    if (inboxes[p].end >= inboxes[p].least) continue;
    return error(ErrorCode::kData,
                 fmt::format("'{}' ends after record {} of partition {}, before the outputs do: it is "
                             "not the input that they came from",
                             options.path, inboxes[p].end, p));
  }
  if (!options.close) return {};
  auto text = std::make_shared<std::string>(kClose);
  text->append(kPadding, '\0');
  const Waiting record{{}, std::string_view(*text).substr(0, kClose.size()), std::nullopt, 0, 0, text};
  for (Inbox& inbox : inboxes) deliver(inbox, record, close_offset(inbox.end));
  return {};
}

Result<void> FileSource::Parts::check_growth(const Inbox& inbox) const {
  if (!inbox.closed || inbox.end <= inbox.least) return {};
  return error(
      ErrorCode::kData,
      fmt::format("'{}' has grown since its end was processed and all sessions and steps were closed: begin anew "
                  "with another state.dir; while a file still grows, run it with --no-close",
                  options.path));
}

FileSource::FileSource(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
FileSource::~FileSource() = default;

Result<std::unique_ptr<FileSource>> FileSource::open(const PipelineOptions& options) {
  const SourceOptions& source = options.source;
  auto parts = std::make_unique<Parts>(options);
  const auto longest_record = static_cast<std::size_t>(options.limits.record_bytes) + kByteOrderMark.size();
  parts->longest_line = std::max(kLongestLine, longest_record + 1);
  parts->inboxes.resize(static_cast<std::size_t>(source.partitions));
  auto file = InputFile::open(source.path);
  if (!file) return file.error();
  parts->file = std::move(*file);
  return std::unique_ptr<FileSource>(new FileSource(std::move(parts)));
}

void FileSource::seek(Partition partition, Offset offset) {
  Inbox& inbox = parts_->inboxes[static_cast<std::size_t>(partition)];
  inbox.from = offset;
  for (; !inbox.waiting.empty() && inbox.waiting.front().offset < offset; --parts_->waiting) inbox.waiting.pop_front();
}

void FileSource::expect(Partition partition, const Position& committed) {
  Inbox& inbox = parts_->inboxes[static_cast<std::size_t>(partition)];
  const auto closed = records_when_closed(committed.next_offset);
  inbox.closed = closed.has_value();
  inbox.least = closed.value_or(committed.next_offset + (committed.ordinal > 0 ? 1 : 0));
}

Result<void> FileSource::poll(Partition partition, std::size_t max, Slice& slice) {
  Inbox& inbox = parts_->inboxes[static_cast<std::size_t>(partition)];
  if (inbox.waiting.empty() && !parts_->ended && parts_->waiting < kWaiting) {
    if (auto read = parts_->read_chunk(); !read) return read;
  }
  DRIFTCAST_TRY(parts_->check_growth(inbox));
  while (slice.records.size() < max && !inbox.waiting.empty()) {
    Waiting& record = inbox.waiting.front();
    slice.records.push_back({record.key, record.value, record.timestamp, record.offset, record.cut});
    if (slice.buffers.empty() || slice.buffers.back() != record.buffer)
      slice.buffers.push_back(std::move(record.buffer));
    inbox.waiting.pop_front();
    --parts_->waiting;
  }
  return {};
}

bool FileSource::exhausted(Partition partition) const {
  return parts_->ended && parts_->inboxes[static_cast<std::size_t>(partition)].waiting.empty();
}

double FileSource::progress() const {
  const InputFile& file = *parts_->file;
  return file.size() == 0 ? 0 : static_cast<double>(file.bytes_read()) / static_cast<double>(file.size());
}

}  // namespace driftcast
