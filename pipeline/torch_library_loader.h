// Where LibTorch comes in, if at all: libdriftcast_torch.so is looked for when a command needs it, beside the program or
// where it was installed.
#pragma once

#include "core/result.h"
#include "models/torch_library.h"

namespace driftcast {

// Loads the library named by DRIFTCAST_TORCH_LIBRARY, else libdriftcast_torch.so in the program's folder, else in
// ../lib/driftcast from there. It stays loaded; what it returns lives as long as the process. Cost: about a second.
// kUnavailable: there is none, or LibTorch does not load; kConfig: it belongs to another build.
Result<TorchLibrary*> load_torch_library();

// Sets OPENBLAS_CORETYPE, which OpenBLAS reads when it is loaded, unless it is set. Debian 12's OpenBLAS does not know
// Intel's processors of 2023 and later, takes them for ones of 2004, and is a quarter as fast.
void tell_openblas_the_processor();

}  // namespace driftcast
