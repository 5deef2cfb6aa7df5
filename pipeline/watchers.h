// Watchers: who looks on while a job runs, and changes nothing.
#pragma once

#include "pipeline/metrics.h"
#include "pipeline/observer.h"

namespace driftcast {

// Borrowed; null: nobody does.
struct Watchers {
  Observer* observer = nullptr;  // of events and forecasts
  Metrics* metrics = nullptr;    // of the machinery
};

}  // namespace driftcast
