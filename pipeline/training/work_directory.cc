#include "pipeline/training/work_directory.h"

#include <unistd.h>

#include <filesystem>

#include "config/files.h"

namespace driftcast {

Result<std::unique_ptr<WorkDirectory>> WorkDirectory::open(const std::string& out) {
  std::error_code ignored;
  const bool was_there = std::filesystem::exists(out, ignored);
  DRIFTCAST_TRY(make_directory(out));
  const auto lock = lock_directory(
      out, "another process trains into '" + out + "'; wait for it, or name another directory with --out");
  if (!lock) return lock.error();
  return std::unique_ptr<WorkDirectory>(new WorkDirectory(out, was_there, *lock));
}

WorkDirectory::WorkDirectory(const std::string& out, bool was_there, int lock)
    : out_(out), path_(out + "/.training"), was_there_(was_there), lock_(lock) {}

WorkDirectory::~WorkDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  if (!was_there_) std::filesystem::remove(out_, ignored);  // only an empty one
  ::close(lock_);
}

}  // namespace driftcast
