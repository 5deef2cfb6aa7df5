// Observer: sees what passes through fold and judge, changes nothing. For evaluation and training, which must run
// through the very stages that serve; absent in normal runs. Called from the lanes' stages: with threads = 1 by one
// thread, with more by several at a time, but never by two for the same stage and partition.
#pragma once

#include <optional>
#include <span>

#include "core/event.h"
#include "core/forecast.h"
#include "core/step_closed.h"
#include "operators/judge.h"

namespace driftcast {

class Observer {
 public:
  virtual ~Observer() = default;

  // An event was accepted into its step. Fold runs ahead of judge: events of later steps may have been seen already.
  virtual void accepted(const Event& event, Step step) = 0;

  // A step was judged: the forecasts whose outcome it brought, and the new one, if any.
  virtual void judged(const StepClosed& closed, std::span<const Matured> matured,
                      const std::optional<Forecast>& forecast) = 0;
};

}  // namespace driftcast
