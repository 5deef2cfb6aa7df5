#include "pipeline/state_directory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "pipeline/files.h"

namespace driftcast {
namespace {

constexpr std::string_view kScratch = ".scratch-";

// Scratch directories of runs that were killed.
void sweep(const std::string& dir) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kScratch)) continue;
    const int owner = std::atoi(name.c_str() + kScratch.size());
    if (owner > 0 && ::kill(owner, 0) != 0 && errno == ESRCH) std::filesystem::remove_all(entry.path(), ignored);
  }
}

}  // namespace

void StateDirectory::Remover::operator()(const std::string* path) const {
  std::error_code ignored;
  std::filesystem::remove_all(*path, ignored);
  delete path;
}

Result<StateDirectory> StateDirectory::make(const Settings& settings, const std::string& scratch_parent) {
  StateDirectory directory(settings.state.dir);
  if (settings.state.dir.empty()) {
    sweep(scratch_parent);
    directory.path_ = fmt::format("{}/{}{}", scratch_parent, kScratch, ::getpid());
    directory.scratch_.reset(new std::string(directory.path_));
  }
  DRIFTCAST_TRY(make_directory(directory.path_));
  return directory;
}

}  // namespace driftcast
