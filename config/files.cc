#include "config/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace driftcast {

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
  if (!written) return written;
  if (::rename(neighbour.c_str(), path.c_str()) != 0) return file_error(ErrorCode::kCannotCreate, "replace", path);
  return {};
}

Result<std::string> read_if_present(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    if (errno == ENOENT) return std::string();
    return file_error(ErrorCode::kIo, "open", path);
  }
  std::string bytes;
  char buffer[1 << 16];
  ssize_t read = 0;
  while ((read = ::read(file, buffer, sizeof buffer)) > 0) bytes.append(buffer, static_cast<std::size_t>(read));
  const int failed = read < 0 ? errno : 0;
  ::close(file);
  errno = failed;
  if (failed != 0) return file_error(ErrorCode::kIo, "read", path);
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

}  // namespace driftcast
