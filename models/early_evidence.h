// Early evidence: what the first days of forecasts that still wait say of ARIMA and the network.
//
// The joint's weights learn from outcomes, and those come a horizon late. A user who has begun to do ten times as much
// is followed by one of the two long before; by which, that depends on the user, and on whether the network has learned
// from such changes. Of each forecast that waits, part of the sum has come. With the count of that part negative
// binomial around part * forecast,
//   evidence = kTempering * sum over waiting forecasts of log p(count | ARIMA) - log p(count | network)
//   odds of ARIMA against the network = odds of their joint weights * exp(evidence drawn to 0 by kChance)
// and the sum of the two weights stays. Tempered, for the waiting forecasts overlap and speak of the same days. Drawn
// to 0, for users who keep to their ways have as much by chance. The law's dispersion is a constant: the user's own
// grows when forecasts fail, which is when this must speak up. ARIMA gets no more than kLargestArima of the sum by it:
// of a burst it expects ever more, and is the further off the day that it ends. Nothing is stored.
//
// Source: A. Raftery, M. Karny, P. Ettler, "Online prediction under model uncertainty via dynamic model averaging"
// (2010): models weigh by their likelihood with forgetting, which is here that only waiting forecasts speak.
#pragma once

#include "models/joint.h"

namespace driftcast {

// Of one forecast that waits: `part` in (0, 1) of its horizon has passed and has brought `count` events. Log likelihood
// of ARIMA's word over the network's; 0 if one of the two had not spoken. Costs two logarithms.
double early_evidence(const VolumeForecasts& volume, double part, double count);

// Moves weight between ARIMA and the network, of a forecast made of `volume`, by the summed evidence.
void follow_evidence(JointForecast& forecast, const VolumeForecasts& volume, double evidence);

}  // namespace driftcast
