#include "pipeline/text_sink.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <utility>

#include "config/files.h"

namespace driftcast {
namespace {

constexpr unsigned kGzipBuffer = 256 << 10;

}  // namespace

Result<std::unique_ptr<TextSink>> TextSink::open(const std::string& path) {
  auto sink = std::unique_ptr<TextSink>(new TextSink(path == "-" ? "standard output" : path));
  sink->file_ =
      path == "-" ? ::dup(STDOUT_FILENO) : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (sink->file_ < 0) return file_error(ErrorCode::kCannotCreate, "create", sink->path_);
  if (!path.ends_with(".gz")) return sink;
  sink->gzip_ = gzdopen(sink->file_, "wb1");  // fast: level 6 costs four times as much for a fifth less
  if (sink->gzip_ == nullptr) return error(ErrorCode::kCannotCreate, "cannot write '" + path + "': out of memory");
  gzbuffer(sink->gzip_, kGzipBuffer);
  return sink;
}

TextSink::~TextSink() {
  if (gzip_ != nullptr) {
    gzclose(gzip_);
  } else if (file_ >= 0) {
    ::close(file_);
  }
}

Result<bool> TextSink::write(std::string_view text) {
  if (gzip_ != nullptr) {
    if (text.empty() || gzwrite(gzip_, text.data(), static_cast<unsigned>(text.size())) > 0) return true;
    return file_error(ErrorCode::kIo, "write", path_);
  }
  while (!text.empty()) {
    const ssize_t written = ::write(file_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return false;
    if (written < 0) return file_error(ErrorCode::kIo, "write", path_);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<void> TextSink::close() {
  const int file = std::exchange(file_, -1);
  gzFile_s* gzip = std::exchange(gzip_, nullptr);
  const bool closed = gzip != nullptr ? gzclose(gzip) == Z_OK : ::close(file) == 0;
  if (closed) return {};
  return file_error(ErrorCode::kIo, "write", path_);
}

}  // namespace driftcast
