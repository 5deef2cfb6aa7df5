// Session: a run of one user's events without a gap longer than the inactivity gap. Both ends belong to it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/kind.h"
#include "core/time.h"

namespace driftcast {

inline constexpr const char* kOtherCategory = "__other__";

struct Session {
  EventTime start;
  EventTime end;  // of the last event; start <= end
  std::int64_t events = 0;
  std::array<std::int64_t, kKinds> kinds{};
  double amount = 0;
  std::vector<std::pair<std::string, std::int64_t>> categories;  // by name, events each; bounded, rest in __other__
};

}  // namespace driftcast
