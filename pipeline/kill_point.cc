#include "pipeline/kill_point.h"

#ifdef DRIFTCAST_KILL_POINTS

#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

namespace driftcast {
namespace {

std::function<void(KillPoint)>& hook() {
  static std::function<void(KillPoint)> instance;
  return instance;
}

// Parses DRIFTCAST_KILL_AT once; counts passes of the armed point.
void kill_as_the_environment_says(KillPoint point) {
  static const std::string armed = [] {
    const char* text = std::getenv("DRIFTCAST_KILL_AT");
    return std::string(text == nullptr ? "" : text);
  }();
  if (armed.empty()) return;
  const std::size_t colon = armed.find(':');
  if (armed.substr(0, colon) != kKillPointNames[static_cast<std::size_t>(point)]) return;
  static long passes_left = colon == std::string::npos ? 1 : std::strtol(armed.c_str() + colon + 1, nullptr, 10);
  if (--passes_left == 0) std::raise(SIGKILL);
}

}  // namespace

void kill_point(KillPoint point) {
  if (hook()) return hook()(point);
  kill_as_the_environment_says(point);
}

void set_kill_hook(std::function<void(KillPoint)> replacement) { hook() = std::move(replacement); }

}  // namespace driftcast

#endif
