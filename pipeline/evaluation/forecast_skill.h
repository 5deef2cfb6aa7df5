// ForecastSkill: watches the stages and measures by how much the joint forecast beats a plain EWMA, over the shortest
// horizon: the root mean square errors of both, over every forecast that met its outcome, and their mean absolute errors.
//
// Cheap enough to watch any run: a few additions per matured forecast. Sums are kept per partition, so that lanes may
// run side by side and the result does not depend on how they did.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/observer.h"

namespace driftcast {

class ForecastSkill final : public Observer {
 public:
  // `horizon` is the shortest one, in steps; `partitions` the source's.
  ForecastSkill(int horizon, int partitions);

  void accepted(const Event&, Step) override {}
  void judged(const StepClosed& closed, std::span<const Matured> matured,
              const std::optional<Forecast>& forecast) override;

  // To be asked when the run is over.
  std::int64_t forecasts() const;
  double joint_rmse() const;
  double ewma_rmse() const;
  double gain() const;           // per cent that the joint's is smaller than EWMA's
  double absolute_gain() const;  // the same of mean absolute errors
  // "7-step forecast 12 % better than EWMA"
  std::string text() const;

 private:
  struct alignas(64) Sums {  // a cache line each
    std::int64_t forecasts = 0;
    double joint = 0, ewma = 0;                    // of squared errors
    double joint_absolute = 0, ewma_absolute = 0;  // of absolute ones
  };
  Sums total() const;

  int horizon_;
  std::vector<Sums> sums_;  // by partition
};

}  // namespace driftcast
