#include "pipeline/evaluation/forecast_skill.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/hash.h"

namespace driftcast {
namespace {

double rmse(double squares, std::int64_t count) {
  return count == 0 ? 0 : std::sqrt(squares / static_cast<double>(count));
}

}  // namespace

ForecastSkill::ForecastSkill(int horizon, int partitions)
    : horizon_(horizon), sums_(static_cast<std::size_t>(partitions)) {}

void ForecastSkill::judged(const StepClosed& closed, std::span<const Matured> matured, const std::optional<Forecast>&) {
  if (matured.empty()) return;
  Sums& sums = sums_[static_cast<std::size_t>(partition_of(closed.user, static_cast<int>(sums_.size())))];
  for (const Matured& each : matured) {
    if (each.slot != 0 || !each.forecast.volume.has(Expert::kEwmaSlow)) continue;
    const double joint = each.forecast.mean - each.y;
    const double ewma = each.forecast.volume.mean[static_cast<std::size_t>(Expert::kEwmaSlow)] - each.y;
    sums.joint += joint * joint;
    sums.ewma += ewma * ewma;
    sums.joint_absolute += std::abs(joint);
    sums.ewma_absolute += std::abs(ewma);
    ++sums.forecasts;
  }
}

ForecastSkill::Sums ForecastSkill::total() const {
  Sums total;
  for (const Sums& sums : sums_) {
    total.joint += sums.joint;
    total.ewma += sums.ewma;
    total.joint_absolute += sums.joint_absolute;
    total.ewma_absolute += sums.ewma_absolute;
    total.forecasts += sums.forecasts;
  }
  return total;
}

std::int64_t ForecastSkill::forecasts() const { return total().forecasts; }
double ForecastSkill::joint_rmse() const { return rmse(total().joint, total().forecasts); }
double ForecastSkill::ewma_rmse() const { return rmse(total().ewma, total().forecasts); }

double ForecastSkill::gain() const { return ewma_rmse() > 0 ? 100 * (1 - joint_rmse() / ewma_rmse()) : 0; }

double ForecastSkill::absolute_gain() const {
  const Sums sums = total();
  return sums.ewma_absolute > 0 ? 100 * (1 - sums.joint_absolute / sums.ewma_absolute) : 0;
}

std::string ForecastSkill::text() const {
  if (forecasts() == 0) return fmt::format("no {}-step forecast has met its outcome yet", horizon_);
  return fmt::format("{}-step forecast {:.1f} % {} than EWMA", horizon_, std::abs(gain()),
                     gain() < 0 ? "worse" : "better");
}

}  // namespace driftcast
