// Texts made from the field table: the reference page and the configuration file itself.
#pragma once

#include <string>

#include "config/settings.h"

namespace driftcast {

// docs/configuration.md.
std::string configuration_reference();

// A configuration file (JSON) with every field; reading it gives these settings.
std::string configuration_file(const Settings& settings);

}  // namespace driftcast
