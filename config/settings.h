// Settings: the dials of every room together, as one plain value.
// Default-constructed settings are the shipped defaults.
#pragma once

#include "operators/options.h"
#include "pipeline/options.h"
#include "state/options.h"

namespace driftcast {

struct Settings {
  OperatorOptions operators;
  StateOptions state;
  PipelineOptions pipeline;
};

}  // namespace driftcast
