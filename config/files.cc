#include "config/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace driftcast {
namespace {

// Appends what is left of the file, but stops when there are more than `largest` bytes.
Result<void> read_rest(int file, std::size_t largest, const std::string& path, std::string& bytes) {
  char buffer[1 << 16];
  while (bytes.size() <= largest) {
    const ssize_t read = ::read(file, buffer, sizeof buffer);
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return file_error(ErrorCode::kIo, "read", path);
    if (read == 0) break;
    bytes.append(buffer, static_cast<std::size_t>(read));
  }
  return {};
}

Error no_file(const std::string& path, const std::string& why) {
  return error(ErrorCode::kData, "cannot read '" + path + "': " + why);
}

std::string too_large(std::size_t largest) {
  return "it is larger than the " + std::to_string(largest) + " bytes that are allowed";
}

}  // namespace

Error file_error(ErrorCode code, std::string_view what, const std::string& path) {
  const int why = errno;
  return error(code, "cannot " + std::string(what) + " '" + path + "': " + std::strerror(why));
}

Result<void> write_all(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error(ErrorCode::kIo, "write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> replace_file(const std::string& path, std::string_view bytes) {
  const std::string neighbour = path + ".new";
  const int file = ::open(neighbour.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return file_error(ErrorCode::kCannotCreate, "create", neighbour);
  Result<void> written = write_all(file, bytes, neighbour);
  if (written && ::fsync(file) != 0) written = file_error(ErrorCode::kIo, "sync", neighbour);
  ::close(file);
  if (!written) {
    ::unlink(neighbour.c_str());
    return written;
  }
  if (::rename(neighbour.c_str(), path.c_str()) != 0) return file_error(ErrorCode::kCannotCreate, "replace", path);
  return {};
}

Result<std::string> read_capped(const std::string& path, std::size_t largest) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe without a writer would block
  if (file < 0)
    return file_error(errno == ENOENT || errno == ENOTDIR ? ErrorCode::kNoInput : ErrorCode::kIo, "read", path);
  std::string bytes;
  Result<void> read;
  struct stat about {};
  if (::fstat(file, &about) != 0) {
    read = file_error(ErrorCode::kIo, "read", path);
  } else if (!S_ISREG(about.st_mode)) {
    read = no_file(path, "it is not a regular file");
  } else if (static_cast<std::uint64_t>(about.st_size) > largest) {
    read = no_file(path, too_large(largest));
  } else {
    bytes.reserve(static_cast<std::size_t>(about.st_size));
    read = read_rest(file, largest, path, bytes);
    if (read && bytes.size() > largest) read = no_file(path, too_large(largest));
  }
  ::close(file);
  if (!read) return read.error();
  return bytes;
}

Result<std::string> read_if_present(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT) return std::string();
    return file_error(ErrorCode::kIo, "open", path);
  }
  std::string bytes;
  const Result<void> read = read_rest(file, std::string::npos - 1, path, bytes);
  ::close(file);
  if (!read) return read.error();
  return bytes;
}

void remove_remains(const std::string& dir, std::string_view name) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
    const std::string found = entry.path().filename().string();
    if (!found.starts_with(name)) continue;
    const int owner = std::atoi(found.c_str() + name.size());
    if (owner > 0 && ::kill(owner, 0) != 0 && errno == ESRCH) std::filesystem::remove_all(entry.path(), ignored);
  }
}

Result<void> make_directory(const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (!failure) return {};
  return error(ErrorCode::kCannotCreate, "cannot make directory '" + path + "': " + failure.message());
}

Result<int> lock_directory(const std::string& path, const std::string& taken) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return file_error(ErrorCode::kCannotCreate, "open", path);
  if (::flock(directory, LOCK_EX | LOCK_NB) == 0) return directory;
  const Error failure =
      errno == EWOULDBLOCK ? error(ErrorCode::kRefused, taken) : file_error(ErrorCode::kIo, "lock", path);
  ::close(directory);
  return failure;
}

Result<void> sync_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return file_error(ErrorCode::kIo, "open", path);
  Result<void> synced;
  if (::fsync(directory) != 0) synced = file_error(ErrorCode::kIo, "sync", path);
  ::close(directory);
  return synced;
}

}  // namespace driftcast
