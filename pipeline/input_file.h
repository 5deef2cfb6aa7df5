// InputFile: the bytes of a file or of standard input, plain or gzip (members one after the other), as they come.
//
// A pipe may be silent for long: reading waits a few milliseconds at most and then says that there is nothing yet, so
// that its reader stays alive to everything else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"

namespace driftcast {

class InputFile {
 public:
  // '-' is standard input.
  static Result<std::unique_ptr<InputFile>> open(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // Reads up to `size` > 0 bytes; 0: the input has ended; nothing: there is nothing yet. Fails where the file cannot be
  // read, or its gzip data is damaged or cut short.
  Result<std::optional<std::size_t>> read(char* into, std::size_t size);

  std::int64_t size() const;        // of the file as it lies there; 0 for a pipe
  std::int64_t bytes_read() const;  // of these

 private:
  struct Parts;
  explicit InputFile(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace driftcast
