#include "pipeline/torch_library_loader.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace driftcast {

namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "libdriftcast_torch.so";

const char* named_library() {
  const char* named = std::getenv("DRIFTCAST_TORCH_LIBRARY");
  return named != nullptr && *named != '\0' ? named : nullptr;
}

std::vector<fs::path> candidates() {
  if (const char* named = named_library(); named != nullptr) return {named};
  std::error_code failure;
  const fs::path folder = fs::read_symlink("/proc/self/exe", failure).parent_path();
  return {folder / kFile, folder / "../lib/driftcast" / kFile};
}

Error no_library() {
  if (const char* named = named_library(); named != nullptr) {
    return error(ErrorCode::kUnavailable, "there is no " + std::string(named) + ", named by DRIFTCAST_TORCH_LIBRARY");
  }
  return error(ErrorCode::kUnavailable,
               "this build has no LibTorch: install libtorch-dev and build again, with ./dev build --torch");
}

}  // namespace

void tell_openblas_the_processor() {
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  setenv("OPENBLAS_CORETYPE", wide ? "SkylakeX" : "Haswell", /*overwrite=*/0);
}

Result<TorchLibrary*> load_torch_library() {
  std::error_code failure;
  for (const fs::path& path : candidates()) {
    if (!fs::exists(path, failure)) continue;
    tell_openblas_the_processor();
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return error(ErrorCode::kUnavailable, "cannot load LibTorch: " + std::string(dlerror()));
    const auto entry = reinterpret_cast<TorchLibraryEntry>(dlsym(library, kTorchLibrarySymbol));
    if (TorchLibrary* const torch = entry != nullptr ? entry(kTorchLibraryAbi) : nullptr; torch != nullptr) {
      return torch;
    }
    return error(ErrorCode::kConfig, path.string() + " belongs to another build of driftcast: build both again");
  }
  return no_library();
}

}  // namespace driftcast
