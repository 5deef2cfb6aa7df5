#include "pipeline/evaluation/rfm.h"

#include <cmath>

namespace driftcast {

std::array<double, kRfmInputs> Rfm::at_end_of(Step step, std::span<const StepOutcome> steps) {
  for (; seen_ < steps.size() && steps[seen_].step <= step; ++seen_) {
    const StepOutcome& each = steps[seen_];
    last_event_ = each.step;
    if (each.purchases > 0 || seen_ == 0) last_purchase_ = each.step;
    purchases_ += each.purchases > 0 ? 1 : 0;
    amount_ += each.amount;
  }
  if (seen_ == 0) return {};
  return {std::log1p(static_cast<double>(step - last_event_)), std::log1p(static_cast<double>(step - last_purchase_)),
          std::log1p(static_cast<double>(purchases_)), std::copysign(std::log1p(std::abs(amount_)), amount_)};
}

}  // namespace driftcast
