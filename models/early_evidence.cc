#include "models/early_evidence.h"

#include <algorithm>
#include <cmath>

namespace driftcast {
namespace {

constexpr double kTempering = 0.3;
constexpr double kChance = 1;
constexpr double kDispersion = 0.1;
constexpr double kLeastMean = 0.02;     // of a part: a forecast of nothing would be refuted by a single event
constexpr double kLeastWeight = 0.002;  // of the two's sum, given to both, so that none is lost for good
constexpr double kLargestOdds = 30;     // log
constexpr double kLargestArima = 0.6;   // share of ARIMA that evidence may lead to

double beyond_chance(double evidence) { return std::copysign(std::max(0.0, std::abs(evidence) - kChance), evidence); }

}  // namespace

double early_evidence(const VolumeForecasts& volume, double part, double count) {
  if (!volume.has(Expert::kArima) || !volume.has(Expert::kNetwork)) return 0;
  const double arima = std::max(kLeastMean, part * volume.mean[kArimaIndex]);
  const double network = std::max(kLeastMean, part * volume.mean[kNetworkIndex]);
  return count * std::log(arima / network) -
         (count + 1 / kDispersion) * std::log((1 + kDispersion * arima) / (1 + kDispersion * network));
}

void follow_evidence(JointForecast& forecast, const VolumeForecasts& volume, double evidence) {
  const double change = std::clamp(beyond_chance(kTempering * evidence), -kLargestOdds, kLargestOdds);
  float& arima = forecast.weights[kArimaIndex];
  float& network = forecast.weights[kNetworkIndex];
  const double sum = static_cast<double>(arima) + network;
  if (change == 0 || !(sum > 0)) return;
  const double least = kLeastWeight * sum;
  const double odds = (arima + least) / (network + least) * std::exp(change);
  const double most = change > 0 ? std::max<double>(arima, kLargestArima * sum) : sum;
  const double gained = std::min(sum * odds / (1 + odds), most) - arima;
  arima = static_cast<float>(arima + gained);
  network = static_cast<float>(sum - arima);
  const double apart = static_cast<double>(volume.mean[kArimaIndex]) - volume.mean[kNetworkIndex];
  forecast.mean = std::max(0.0, forecast.mean + gained * apart);
}

}  // namespace driftcast
