#include "pipeline/torch_library_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tests/support/scratch_dir.h"

namespace driftcast {
namespace {

using testing::HasSubstr;

class TorchLibraryLoader : public testing::Test {
 protected:
  ~TorchLibraryLoader() override { unsetenv("DRIFTCAST_TORCH_LIBRARY"); }

  static Error refusal_of(const std::string& library) {
    setenv("DRIFTCAST_TORCH_LIBRARY", library.c_str(), 1);
    const auto loaded = load_torch_library();
    EXPECT_FALSE(loaded);
    return loaded ? Error{} : loaded.error();
  }
};

TEST_F(TorchLibraryLoader, SaysHowToGetTheLibraryWhereThereIsNone) {
  unsetenv("DRIFTCAST_TORCH_LIBRARY");  // and the tests lie in a folder without it
  const auto loaded = load_torch_library();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(loaded.error().message, HasSubstr("install libtorch-dev and build again"));
}

TEST_F(TorchLibraryLoader, NamesTheFileThatTheVariableNamesInVain) {
  const Error refusal = refusal_of("/nowhere/libdriftcast_torch.so");
  EXPECT_EQ(refusal.code, ErrorCode::kUnavailable);
  EXPECT_THAT(refusal.message, HasSubstr("/nowhere/libdriftcast_torch.so"));
}

TEST_F(TorchLibraryLoader, RefusesAFileThatIsNoLibrary) {
  const ScratchDir scratch;
  const std::string path = scratch.path("libdriftcast_torch.so");
  std::ofstream(path) << "not a library";
  const Error refusal = refusal_of(path);
  EXPECT_EQ(refusal.code, ErrorCode::kUnavailable);
  EXPECT_THAT(refusal.message, HasSubstr("cannot load LibTorch"));
}

TEST_F(TorchLibraryLoader, RefusesALibraryOfAnotherBuild) {
  const Error refusal = refusal_of(DRIFTCAST_OTHER_LIBRARY);
  EXPECT_EQ(refusal.code, ErrorCode::kConfig);
  EXPECT_THAT(refusal.message, HasSubstr("another build"));
}

}  // namespace
}  // namespace driftcast
