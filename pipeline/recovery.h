// Recovery: how far one is, for who waits for it.
#pragma once

#include <cstdint>
#include <functional>

#include "core/ids.h"

namespace driftcast {

struct RecoveryProgress {
  Partition partition = 0;
  std::int64_t records = 0;  // read from the changelog
  double share = 0;          // of what is to be read, 0 to 1
};

// Called now and then by who recovers; answers whether to go on. Empty: nobody watches.
using RecoveryWatch = std::function<bool(const RecoveryProgress&)>;

}  // namespace driftcast
