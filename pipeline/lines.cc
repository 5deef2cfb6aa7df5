#include "pipeline/lines.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "pipeline/slice.h"

namespace driftcast {
namespace {

constexpr std::size_t kChunk = 1 << 18;

struct Close {
  void operator()(gzFile file) const { gzclose(file); }
};
using File = std::unique_ptr<gzFile_s, Close>;

// Why reading failed, or nothing.
std::string failure(gzFile file) {
  int code = Z_OK;
  const char* why = gzerror(file, &code);
  if (code == Z_ERRNO) return std::strerror(errno);
  if (code == Z_BUF_ERROR) return "the gzip data is cut short";
  return code < 0 ? why : "";
}

}  // namespace

Result<void> read_lines(const std::string& path, const LineConsumer& consumer) {
  const File file(gzopen(path.c_str(), "rb"));
  if (!file) return error(ErrorCode::kNoInput, "cannot open '" + path + "': " + std::strerror(errno));
  gzbuffer(file.get(), kChunk);
  std::string text;  // not handed out yet, then the padding
  std::size_t size = 0;
  std::int64_t number = 0;
  for (bool more = true; more;) {
    text.resize(size + kChunk + kPadding);
    const int read = gzread(file.get(), text.data() + size, kChunk);
    const std::string why = failure(file.get());
    if (read < 0 || !why.empty()) return error(ErrorCode::kData, fmt::format("cannot read '{}': {}", path, why));
    size += static_cast<std::size_t>(read);
    more = read > 0;
    if (!more && size > 0) text[size++] = '\n';  // the last line needs no line feed of its own
    std::size_t begin = 0;
    while (const auto* end = static_cast<const char*>(std::memchr(text.data() + begin, '\n', size - begin))) {
      const auto stop = static_cast<std::size_t>(end - text.data());
      ++number;
      const std::string_view line(text.data() + begin, stop - begin);
      begin = stop + 1;
      if (line.empty()) continue;
      const std::string complaint = consumer(line);
      if (!complaint.empty()) return error(ErrorCode::kData, fmt::format("{}:{}: {}", path, number, complaint));
    }
    text.erase(0, begin);
    size -= begin;
  }
  return {};
}

}  // namespace driftcast
