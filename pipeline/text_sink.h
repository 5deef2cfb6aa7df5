// TextSink: where a command writes a text: standard output, a file, or a gzip file. Not buffered: write much at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

struct gzFile_s;  // zlib's

namespace driftcast {

class TextSink {
 public:
  // "-" is standard output; a name that ends in .gz is written compressed (the same text gives the same bytes).
  static Result<std::unique_ptr<TextSink>> open(const std::string& path);
  ~TextSink();
  TextSink(const TextSink&) = delete;
  TextSink& operator=(const TextSink&) = delete;

  // False: the reader has gone (a closed pipe), nothing more needs to be written. SIGPIPE must be ignored.
  Result<bool> write(std::string_view text);
  // Finishes the file: what a full disk swallowed shows here at the latest.
  Result<void> close();

 private:
  explicit TextSink(std::string path) : path_(std::move(path)) {}

  std::string path_;
  int file_ = -1;
  gzFile_s* gzip_ = nullptr;
};

}  // namespace driftcast
