// The dials of the event generator.
#pragma once

#include <cstdint>

#include "core/result.h"
#include "core/time.h"

namespace driftcast {

struct GeneratorOptions {
  std::int64_t events = 1'000'000;  // records in all, duplicates and broken ones included
  std::int64_t users = 100'000;
  std::uint64_t seed = 1;
  int days = 60;
  EventTime start = event_time(1'704'067'200'000);  // 2024-01-01, a Monday; always a midnight UTC
  double zipf = 1.1;    // activity of the user of rank r is proportional to (r + head * users)^-zipf ...
  double head = 0.001;  // ... so that the busiest are busy people, not machines; 0: Zipf's law itself
  int categories = 24;
  int items = 400;            // below each category
  double drift_share = 0.05;  // of the users change their interests or their activity, once
  double drift_volume = 0.1;  // of those change how much they do, the others what they are interested in
  double disorder = 0.02;     // share of the records that come out of order, by at most 50 minutes
  double late = 0.002;        // share that comes 65 minutes to a day after its time
  double duplicates = 0.002;  // share that repeats a record of the last minutes
  double broken = 0.001;      // share that is no event at all
};

// All that is wrong with the options, one line each.
Result<void> check_options(const GeneratorOptions& options);

}  // namespace driftcast
