// The model that the settings name, ready to serve.
#pragma once

#include "config/settings.h"
#include "core/result.h"
#include "models/model_set.h"

namespace driftcast {

// What should be known about it is logged. Errors: those of load_model.
Result<ModelSet> open_model(const Settings& settings);

}  // namespace driftcast
