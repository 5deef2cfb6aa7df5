// Shell: a directory in which the real program is run as a person would, and what it said.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/scratch_dir.h"

namespace driftcast {

inline std::string bytes_in(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

class Shell : public testing::Test {
 protected:
  // Exit code of a command of bash in the directory, in which "driftcast" is the program under test.
  int shell(const std::string& command) const {
    std::ofstream(dir_.path(".script")) << "driftcast() { '" << DRIFTCAST_BINARY << "' \"$@\"; }\n" << command << "\n";
    const std::string line = "cd '" + dir_.path() + "' && bash .script > .printed 2> .talk";
    const int status = std::system(line.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string printed() const { return bytes_in(dir_.path(".printed")); }  // standard output of the last command
  std::string talk() const { return bytes_in(dir_.path(".talk")); }        // standard error

  ScratchDir dir_;
};

}  // namespace driftcast
