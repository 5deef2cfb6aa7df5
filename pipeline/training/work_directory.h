// WorkDirectory: where the passes of a training write on their way, within the model directory. One process has it at a
// time, by a lock on the model directory that ends with the process.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"

namespace driftcast {

class WorkDirectory {
 public:
  // Makes the model directory `out` if need be. kRefused: another process has it.
  static Result<std::unique_ptr<WorkDirectory>> open(const std::string& out);
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  // Removes what is in it; the model directory, too, when it was made for nothing.
  ~WorkDirectory();

  const std::string& path() const { return path_; }

 private:
  WorkDirectory(const std::string& out, bool was_there, int lock);

  const std::string out_, path_;
  const bool was_there_;
  const int lock_;
};

}  // namespace driftcast
