#include "pipeline/input_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <vector>

namespace driftcast {
namespace {

constexpr std::size_t kBuffer = 256 << 10;
constexpr int kPatienceMs = 5;
constexpr int kGzipOnly = 16 + MAX_WBITS;  // as zlib wants to be told

enum class Form { kUnknown, kPlain, kGzip };

}  // namespace

struct InputFile::Parts {
  std::string path;
  int descriptor = -1;
  std::int64_t size = 0;
  std::atomic<std::int64_t> taken{0};
  Form form = Form::kUnknown;
  std::vector<char> buffer = std::vector<char>(kBuffer);
  std::size_t begin = 0, end = 0;  // of what lies in the buffer
  bool ended = false;
  z_stream inflater{};
  bool inflating = false;  // in the middle of a gzip member

  ~Parts() {
    if (form == Form::kGzip) inflateEnd(&inflater);
    if (descriptor >= 0) ::close(descriptor);
  }

  Error failed(const std::string& why) const { return error(ErrorCode::kData, "cannot read '" + path + "': " + why); }

  // True when the buffer has grown, or the input has ended.
  Result<bool> fill();
  // True when the first bytes have told the form.
  Result<bool> know_form();
  Result<std::optional<std::size_t>> copy(char* into, std::size_t room);
  Result<std::optional<std::size_t>> inflate_some(char* into, std::size_t room);
};

Result<bool> InputFile::Parts::fill() {
  if (ended) return true;
  if (begin > 0) std::memmove(buffer.data(), buffer.data() + begin, end - begin);
  end -= begin;
  begin = 0;
  if (size == 0) {
    pollfd waiting{descriptor, POLLIN, 0};
    if (::poll(&waiting, 1, kPatienceMs) <= 0) return false;
  }
  const ssize_t got = ::read(descriptor, buffer.data() + end, buffer.size() - end);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (got < 0) return failed(std::strerror(errno));
  ended = got == 0;
  end += static_cast<std::size_t>(got);
  taken += got;
  return true;
}

Result<bool> InputFile::Parts::know_form() {
  while (form == Form::kUnknown) {
    if (!ended && end - begin < 2) {
      auto filled = fill();
      if (!filled || !*filled) return filled;
      continue;
    }
    const bool gzip = end - begin >= 2 && buffer[begin] == '\x1f' && buffer[begin + 1] == '\x8b';
    form = gzip ? Form::kGzip : Form::kPlain;
    if (gzip && inflateInit2(&inflater, kGzipOnly) != Z_OK) return failed("out of memory");
    inflating = gzip;
  }
  return true;
}

Result<std::optional<std::size_t>> InputFile::Parts::copy(char* into, std::size_t room) {
  if (begin == end) {
    auto filled = fill();
    if (!filled) return filled.error();
    if (!*filled) return std::optional<std::size_t>();
  }
  const std::size_t bytes = std::min(room, end - begin);
  std::memcpy(into, buffer.data() + begin, bytes);
  begin += bytes;
  return std::optional(bytes);
}

// What follows the last member and is no member itself is passed over, as gzip does.
Result<std::optional<std::size_t>> InputFile::Parts::inflate_some(char* into, std::size_t room) {
  inflater.next_out = reinterpret_cast<Bytef*>(into);
  inflater.avail_out = static_cast<uInt>(room);
  while (inflater.avail_out == room) {
    if (!inflating && end - begin >= 1) {
      if (buffer[begin] != '\x1f') return std::optional<std::size_t>(0);
      inflateReset(&inflater);
      inflating = true;
    }
    if (begin == end) {
      if (ended && inflating) return failed("the gzip data is cut short");
      if (ended) return std::optional<std::size_t>(0);
      auto filled = fill();
      if (!filled) return filled.error();
      if (!*filled) return std::optional<std::size_t>();
      continue;
    }
    inflater.next_in = reinterpret_cast<Bytef*>(buffer.data() + begin);
    inflater.avail_in = static_cast<uInt>(end - begin);
    const int code = ::inflate(&inflater, Z_NO_FLUSH);
    begin = end - inflater.avail_in;
    if (code == Z_STREAM_END) inflating = false;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      return failed(inflater.msg == nullptr ? "damaged gzip data" : inflater.msg);
    }
  }
  return std::optional(room - inflater.avail_out);
}

InputFile::InputFile(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
InputFile::~InputFile() = default;

Result<std::unique_ptr<InputFile>> InputFile::open(const std::string& path) {
  auto parts = std::make_unique<Parts>();
  parts->path = path;
  parts->descriptor = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  const bool opened = parts->descriptor >= 0 && ::fstat(parts->descriptor, &status) == 0;
  if (!opened || S_ISDIR(status.st_mode)) {
    return error(ErrorCode::kNoInput,
                 "cannot open '" + path + "': " + (opened ? "it is a directory" : std::strerror(errno)));
  }
  parts->size = S_ISREG(status.st_mode) ? status.st_size : 0;
  return std::unique_ptr<InputFile>(new InputFile(std::move(parts)));
}

Result<std::optional<std::size_t>> InputFile::read(char* into, std::size_t size) {
  auto known = parts_->know_form();
  if (!known) return known.error();
  if (!*known) return std::optional<std::size_t>();
  return parts_->form == Form::kGzip ? parts_->inflate_some(into, size) : parts_->copy(into, size);
}

std::int64_t InputFile::size() const { return parts_->size; }
std::int64_t InputFile::bytes_read() const { return parts_->taken; }

}  // namespace driftcast
