// The lines of a file, in their order; of none where there is no file.
#pragma once

#include <fstream>
#include <string>
#include <vector>

namespace driftcast {

inline std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream text(path);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

}  // namespace driftcast
