#include "pipeline/file_source.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "core/hash.h"
#include "pipeline/decode.h"
#include "pipeline/input_file.h"
#include "pipeline/timestamps.h"

namespace driftcast {
namespace {

constexpr std::size_t kChunk = 256 << 10;      // read at once: what InputFile gives at most
constexpr std::size_t kLongestLine = 2 << 20;  // or the longest record allowed; what is beyond is dropped
constexpr std::size_t kInMemory = 64 << 20;    // bytes of records, and of chunks in use, before reading waits
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

using Bytes = std::shared_ptr<std::atomic<std::size_t>>;

// Whole lines, padded, and the keys of their records. Freed by whichever thread is done with its last record.
class Chunk {
 public:
  Chunk(std::string_view lines, Bytes in_memory) : in_memory_(std::move(in_memory)) {
    text_.reserve(lines.size() + kPadding);
    text_.append(lines).append(kPadding, '\0');
    *in_memory_ += size();
  }
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;
  ~Chunk() { *in_memory_ -= size(); }

  const std::string& text() const { return text_; }
  std::string_view lines() const { return std::string_view(text_).substr(0, text_.size() - kPadding); }
  Arena& keys() { return keys_; }

 private:
  std::size_t size() const { return text_.size() + Arena::kBlock; }

  std::string text_;
  Arena keys_;
  Bytes in_memory_;
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
  std::string carry;           // the unfinished last line of what was read
  bool skips_to_next = false;  // the carried line is too long: its rest is dropped
  std::size_t cut = 0;         // bytes of it that were
  std::vector<Inbox> inboxes;
  std::size_t waiting = 0;                                          // records
  Bytes in_memory = std::make_shared<std::atomic<std::size_t>>(0);  // of chunks
  simdjson::ondemand::parser parser;
  simdjson::dom::parser strict_parser;
  Decoder decoder;

  explicit Parts(const PipelineOptions& pipeline)
      : options(pipeline.source), mapping(pipeline.mapping), decoder(pipeline, {}) {}

  bool has_room() const { return *in_memory + waiting * sizeof(Waiting) < kInMemory; }
  Result<void> read_chunk();
  void drop_rest_of_long_line(std::size_t carried);
  void take_lines(const std::shared_ptr<Chunk>& chunk);
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

// The lines end in line feeds.
void FileSource::Parts::take_lines(const std::shared_ptr<Chunk>& chunk) {
  const std::shared_ptr<const std::string> buffer(chunk, &chunk->text());
  std::string_view rest = chunk->lines();
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take_line(line, buffer, chunk->keys());
    rest.remove_prefix(end + 1);
  }
}

// What was read behind the carried beginning of a line that is too long: dropped up to the line's end.
void FileSource::Parts::drop_rest_of_long_line(std::size_t carried) {
  const std::size_t end = std::min(carry.find('\n', carried), carry.size());
  cut += end - carried;
  skips_to_next = end == carry.size();
  carry.erase(carried, end - carried);
}

Result<void> FileSource::Parts::read_chunk() {
  const std::size_t carried = carry.size();
  carry.resize(carried + kChunk);
  auto read = file->read(carry.data() + carried, kChunk);
  carry.resize(carried + (read ? read->value_or(0) : 0));
  if (!read) return read.error();
  if (!*read) return {};
  ended = **read == 0;
  if (skips_to_next) drop_rest_of_long_line(carried);
  if (ended && !carry.empty()) carry += '\n';  // the last line needs no line feed of its own
  const std::size_t whole = carry.rfind('\n') + 1;
  if (whole > 0) take_lines(std::make_shared<Chunk>(std::string_view(carry).substr(0, whole), in_memory));
  carry.erase(0, whole);
  if (carry.size() > longest_line) {
    cut += carry.size() - longest_line;
    carry.resize(longest_line);
    skips_to_next = true;
  }
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
  if (inbox.waiting.empty() && !parts_->ended && parts_->has_room()) {
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
