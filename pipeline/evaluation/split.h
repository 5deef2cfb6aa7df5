// Split: cuts recorded steps into what a model learns from, what its training is stopped by, and what it is judged on.
//
// A forecast belongs to a part when it was made after the last step of the part before, and its whole horizon lies in
// this one. What reaches over a border belongs to nothing: no part learns of another's outcomes.
#pragma once

#include "core/time.h"
#include "models/trainer.h"

namespace driftcast {

struct Split {
  Step train_last = 0;       // last step of training
  Step validation_last = 0;  // of validation, >= train_last; the test part follows
  Step last = 0;             // of the data
};

// Of the forecast that was made after `step` for the steps step + 1 .. step + horizon.
constexpr Part part_of(const Split& split, Step step, int horizon) {
  const Step end = step + horizon;
  if (end <= split.train_last) return Part::kTrain;
  if (step > split.train_last && end <= split.validation_last) return Part::kValidation;
  if (step > split.validation_last && end <= split.last) return Part::kTest;
  return Part::kNone;
}

}  // namespace driftcast
