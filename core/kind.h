// What a user did. Unknown names of event types become kOther.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace driftcast {

enum class Kind : unsigned char { kView, kClick, kCart, kPurchase, kReturn, kOther };

inline constexpr std::size_t kKinds = 6;
inline constexpr std::array<std::string_view, kKinds> kKindNames = {"view",     "click",  "cart",
                                                                    "purchase", "return", "other"};

constexpr std::string_view name(Kind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

}  // namespace driftcast
