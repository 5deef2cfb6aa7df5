// PriorFit: watches the stages over recorded events and fits the segments' priors from what passed.
//
// ARIMA's (phi, theta) of a segment minimise the pooled one-step squared error over its users' series, each scaled by
// its own variance, on a grid; the pull to the mean, rho, minimises the pooled error of the sum over fourteen steps.
// Joint weights go half-way from what they were to those that the crowd's own regression (models/joint.h) ends with.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/joint.h"
#include "models/model_set.h"
#include "pipeline/observer.h"

namespace driftcast {

class PriorFit final : public Observer {
 public:
  // Starts from `models`, whose bounds of the segments stay. Learns from what happened up to the step `last`, and of
  // forecasts only from those made after the step `after`.
  explicit PriorFit(const ModelSet& models, Step after = std::numeric_limits<Step>::min(),
                    Step last = std::numeric_limits<Step>::max())
      : models_(models), after_(after), last_(last) {}

  void accepted(const Event&, Step) override {}
  void judged(const StepClosed& closed, std::span<const Matured> matured,
              const std::optional<Forecast>& forecast) override;

  // The fitted priors. Cost: about a second per thousand users; a segment with few users keeps what it had.
  ModelSet fitted() const;

  // The models with the crowd's own weights, network included, as far as the labels of a segment and age bear them out.
  // Where the network was far worse than the best of the others it gets none, and has to earn them; where there are hardly any labels, the weights are those of `unproven` beside a network that has the share of users of the
  // same age elsewhere.
  ModelSet with_weights(const ModelSet& unproven) const;

 private:
  struct Series {
    std::vector<float> roots;  // sqrt of each step's events, gaps filled with zeros
    double events = 0;
    int segment = 0;  // at the last closed step
  };
  struct Labels {
    JointCrowd joint;
    std::array<double, kExperts> losses{};  // of each expert: squared errors over their variance, capped
    double squared_error = 0, mean = 0, squared_mean = 0;
    std::int64_t count = 0;
  };
  std::vector<const Series*> series_of(int segment) const;
  void learn(const Matured& matured);

  // The network's share of the weights of users of an age, over the segments whose labels say enough.
  double network_share(const ModelSet& borne_out, std::size_t age) const;

  const ModelSet& models_;
  const Step after_, last_;
  std::unordered_map<std::string, Series> users_;
  std::array<std::array<Labels, kAges>, kSegments> labels_{};
};

// The segments as rows of models/default_priors.cc.
std::string priors_as_code(const ModelSet& models);

}  // namespace driftcast
