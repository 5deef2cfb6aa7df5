// StateDirectory: where a run keeps its state: in the directory of the settings, or in one of its own that goes with it.
#pragma once

#include <memory>
#include <string>

#include "config/settings.h"
#include "core/result.h"

namespace driftcast {

class StateDirectory {
 public:
  // One of its own is made in `scratch_parent`; those that killed runs have left there are removed.
  static Result<StateDirectory> make(const Settings& settings, const std::string& scratch_parent);

  const std::string& path() const { return path_; }

 private:
  struct Remover {
    void operator()(const std::string* path) const;
  };
  explicit StateDirectory(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::unique_ptr<const std::string, Remover> scratch_;  // removed at the end; null: the user's
};

}  // namespace driftcast
