// Rfm: recency, frequency and monetary value of a user, the oldest inputs of a purchase model: what a shop knows
// without any network. Source: D. Chen et al., "Data mining for the online retail industry" (2012), here per step.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "pipeline/evaluation/outcomes.h"

namespace driftcast {

inline constexpr std::size_t kRfmInputs = 4;

class Rfm {
 public:
  // What is known at the end of `step`, in this order:
  //   log1p(steps since the last event)
  //   log1p(steps since the last step with a purchase; since the first event when there was none)
  //   log1p(steps with a purchase)
  //   sign(x) log1p(|x|), x = sum of all amounts
  // `steps` are the user's, ascending; those after `step` are not looked at, and those up to it must be final. Calls
  // must come with ascending steps. All zero before the first event.
  std::array<double, kRfmInputs> at_end_of(Step step, std::span<const StepOutcome> steps);

 private:
  std::size_t seen_ = 0;  // of the user's steps
  Step last_event_ = 0, last_purchase_ = 0;
  std::int64_t purchases_ = 0;  // steps with any
  double amount_ = 0;
};

}  // namespace driftcast
