// Broken records: what a careless or damaged producer sends, each with the reason for which it must be refused.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/reason.h"

namespace driftcast {

enum class Damage {
  kValue,    // a member gets `text` for its value, whether it was there or not; an empty text removes it
  kCut,      // the line ends in the middle of the first member that `field` names
  kAppend,   // `text` follows the last member
  kWrap,     // the line stands between the two halves of `text`
  kReplace,  // the line is `text`
};

struct Flaw {
  Reason reason = Reason::kNone;
  Damage damage = Damage::kReplace;
  std::string_view field;
  std::string text;
};

std::span<const Flaw> flaws();

// Damages an event as the generator writes it: a flat object without blanks, no comma or brace in its strings.
// Never contains a line feed.
std::string damaged(std::string_view line, const Flaw& flaw);

}  // namespace driftcast
