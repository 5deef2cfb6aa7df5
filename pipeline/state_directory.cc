#include "pipeline/state_directory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "config/files.h"

namespace driftcast {
namespace {

constexpr std::string_view kScratch = ".scratch-";

}  // namespace

void StateDirectory::Remover::operator()(const std::string* path) const {
  std::error_code ignored;
  std::filesystem::remove_all(*path, ignored);
  delete path;
}

Result<StateDirectory> StateDirectory::make(const Settings& settings, const std::string& scratch_parent) {
  StateDirectory directory(settings.state.dir);
  if (settings.state.dir.empty()) {
    remove_remains(scratch_parent, kScratch);
    directory.path_ = fmt::format("{}/{}{}", scratch_parent, kScratch, ::getpid());
    directory.scratch_.reset(new std::string(directory.path_));
  }
  DRIFTCAST_TRY(make_directory(directory.path_));
  return directory;
}

}  // namespace driftcast
