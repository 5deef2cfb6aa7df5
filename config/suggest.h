// Finds the word that was probably meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace driftcast {

// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other (optimal string
// alignment). Cost: O(|a| * |b|).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest candidate, the first of equals, if it is near enough to be a slip: a third of the letters, 3 at most.
std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates);

// "; did you mean 'x'?" or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace driftcast
