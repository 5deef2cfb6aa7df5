#pragma once

namespace driftcast {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace driftcast
