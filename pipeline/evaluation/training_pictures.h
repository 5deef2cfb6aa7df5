// The pictures of a training report, as HTML figures with inline SVG and a legend above. Each is empty where there is
// nothing to show.
#pragma once

#include <string>

#include "pipeline/evaluation/training_report.h"

namespace driftcast {

// How the data was cut, as a bar with dates.
std::string split_picture(const TrainingReport& report);

// What came against what was forecast, with its interval: typical users of the test part, one figure each.
std::string user_pictures(const TrainingReport& report);

// First horizon: forecast chance against how often it came.
std::string calibration_picture(const TrainingReport& report);

// First horizon: purchase, the network's chance and the baseline's.
std::string roc_picture(const TrainingReport& report);

std::string loss_picture(const TrainingReport& report);

}  // namespace driftcast
