// Thin wrappers over the file calls that file mode and model directories need: whole reads and writes, and errors with
// path and cause.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.h"

namespace driftcast {

// "cannot <what> '<path>': <errno>".
Error file_error(ErrorCode code, std::string_view what, const std::string& path);

// Writes all bytes at the file's position.
Result<void> write_all(int file, std::string_view bytes, const std::string& path);

// Writes a file anew: to a neighbour first, then renamed over it, so that readers see the old or the new one.
Result<void> replace_file(const std::string& path, std::string_view bytes);

// The whole of a regular file of at most `largest` bytes, not one byte more being read. Symbolic links are followed.
// kNoInput: it is not there. kData: it is something else than a file (nothing is waited for), or larger.
Result<std::string> read_capped(const std::string& path, std::size_t largest);

// The whole file; absent files read as empty.
Result<std::string> read_if_present(const std::string& path);

// Removes what is named so with the id of a process that has ended behind it: it was killed and could not clean up.
void remove_remains(const std::string& dir, std::string_view name);

// Makes a directory and its parents.
Result<void> make_directory(const std::string& path);

// The descriptor of a directory that nobody else has locked; the lock ends when it is closed, or with the process.
// kRefused, saying `taken`: somebody has.
Result<int> lock_directory(const std::string& path, const std::string& taken);

// Makes the names in a directory last: what was created, replaced or removed in it.
Result<void> sync_directory(const std::string& path);

}  // namespace driftcast
