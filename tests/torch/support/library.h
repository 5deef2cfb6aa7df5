// The library as the program loads it.
#pragma once

#include <gtest/gtest.h>

#include "pipeline/torch_library_loader.h"

namespace driftcast {

inline TorchLibrary& torch_library() {
  static const Result<TorchLibrary*> loaded = load_torch_library();
  if (!loaded) {
    ADD_FAILURE() << loaded.error().message;
    std::abort();
  }
  return **loaded;
}

}  // namespace driftcast
