// Files that ship with the project, for tests that hold them to the code.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace driftcast {

inline std::string shipped_path(const std::string& path) { return std::string(DRIFTCAST_SOURCE_DIR) + "/" + path; }

inline std::string shipped_text(const std::string& path) {
  std::ifstream file(shipped_path(path), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Holds a generated file to its generator. With DRIFTCAST_REGENERATE=1 in the environment it is written anew first.
inline void expect_shipped(const std::string& path, const std::string& generated) {
  if (std::getenv("DRIFTCAST_REGENERATE") != nullptr) std::ofstream(shipped_path(path), std::ios::binary) << generated;
  EXPECT_EQ(shipped_text(path), generated) << path << " is stale: run this test with DRIFTCAST_REGENERATE=1";
}

}  // namespace driftcast
