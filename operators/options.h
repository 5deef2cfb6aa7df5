// The dials of the operators. Each one can change an output: all of them enter the configuration hash of a mark.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/kind.h"
#include "core/time.h"

namespace driftcast {

inline constexpr std::size_t kMaxHorizons = 4;

struct SessionOptions {
  Duration gap{std::chrono::minutes{30}};  // inactivity that ends a session; an event exactly `gap` later still belongs
  Duration max{std::chrono::hours{24}};    // longest session, first to last event
};

struct TimeOptions {
  StepGrid step;                               // width and offset of the steps
  Duration lateness{std::chrono::hours{1}};    // watermark = newest accepted event time - lateness
  Duration max_skew{std::chrono::minutes{5}};  // an event later than its record's timestamp + max_skew is refused
  int dormant_after = 14;                      // empty steps after which a user gets one last forecast and no timer
};

struct CategoryOptions {
  int max = 64;  // categories kept per user; the mass of the others is exact in __other__
  int top = 8;   // categories named in a forecast
};

struct DriftOptions {
  double run_length = 4000;  // expected events between false alarms of one steady user (Shiryaev-Roberts threshold)
  double fdr = 0.05;         // false discovery rate of `confirmed` over a partition's users (e-BH)
  int min_events = 10;       // occasions of a category before the mix is judged; twice as many steps before the volume
};

struct OperatorOptions {
  SessionOptions session;
  TimeOptions time;
  CategoryOptions categories;
  DriftOptions drift;
  std::vector<int> horizons = {7, 14, 30};  // in steps, ascending, 1..kMaxHorizons of them
  bool models = true;  // steps close and models learn; false where nobody wants what they say, only sessions
  double level = 0.9;  // nominal coverage of the intervals
  std::array<float, kKinds> kind_weights = {1, 2, 4, 8, 1, 1};  // of view, click, cart, purchase, return, other
};

}  // namespace driftcast
