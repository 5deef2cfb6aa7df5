#include "tests/torch/support/library.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace driftcast {
namespace {

TEST(TorchLibraryEntry, GivesNothingToAnotherBuild) {
  void* const library = dlopen(std::getenv("DRIFTCAST_TORCH_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  const auto entry = reinterpret_cast<TorchLibraryEntry>(dlsym(library, kTorchLibrarySymbol));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry(kTorchLibraryAbi + 1), nullptr);
  EXPECT_EQ(entry(kTorchLibraryAbi), &torch_library());
}

TEST(TorchLibraryEntry, DescribesVersionDevicesAndBlas) {
  EXPECT_THAT(torch_library().version(), testing::MatchesRegex("[0-9]+[.][0-9]+[.][0-9]+.*"));
  EXPECT_THAT(torch_library().description(),
              testing::MatchesRegex("LibTorch [0-9.]+.*, (no )?CUDA, BLAS [0-9]+ GFLOP/s.*"));
}

}  // namespace
}  // namespace driftcast
