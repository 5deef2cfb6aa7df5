// ModelScores: watches a run with a finished model and measures it on the part of the data it has not learned from.
//
//   purchase  p = HorizonForecast::purchase; happened: at least one event of Kind::kPurchase in the horizon
//   churn     p = HorizonForecast::churn; happened: no event of any kind in the horizon
//   volume    the evaluator's scores (pipeline/evaluation/evaluator.h) of forecasts made after Split::validation_last
//
// The horizon of a forecast made after step s is s + 1 .. s + h. Every published forecast of the test part
// (pipeline/evaluation/split.h) that has a probability is scored, also of users who never come again: their horizon is
// empty. Beside each stands the baseline: a logistic regression on recency, frequency and spend at the forecast's step
// (pipeline/evaluation/rfm.h), fitted on forecasts of the training and validation parts, which the network has learned
// from as well, and scored on the very same forecasts. Both get the threshold that has the best F1 on the validation part,
// as they forecast it: what they mean, pipeline/evaluation/outcome_scores.h says.
//
// Split::last must be the last step of the data: volume is scored as far as time has come. Needs a run with threads
// = 1. Memory: Outcomes, the evaluator, and 128 bytes per published forecast.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pipeline/evaluation/bootstrap.h"
#include "pipeline/evaluation/evaluator.h"
#include "pipeline/evaluation/outcome_scores.h"
#include "pipeline/evaluation/outcomes.h"
#include "pipeline/evaluation/rfm.h"
#include "pipeline/evaluation/split.h"
#include "pipeline/observer.h"

namespace driftcast {

// On the very same forecasts; counts are zero without probabilities.
struct BesideBaseline {
  OutcomeScores network, baseline;
};

// Of one horizon.
struct ProbabilityScores {
  struct Strata {
    BesideBaseline all;
    std::array<BesideBaseline, kStrata> each;  // as kStratumNames; the thresholds are those of all
  };

  int horizon = 0;
  Strata purchase, churn;
};

// A forecast of the first horizon and what came.
struct TracePoint {
  Step step = 0;  // after which it was made
  double mean = 0, lo = 0, hi = 0;
  double came = 0;  // events in the horizon
};

// The test part of one user, by step.
struct UserTrace {
  std::size_t stratum = 0;  // index into kStratumNames, at the first point
  std::vector<TracePoint> points;
  Step first = 0;            // of the test part
  std::vector<double> came;  // events in the horizons after `first`, `first` + 1 and so on, as far as the data reaches
};

struct ModelResult {
  std::vector<ProbabilityScores> probabilities;  // by horizon
  Evaluation volume;
  std::vector<UserScores> users;  // by name
  std::vector<UserTrace> traces;  // a typical user of each stratum, dense first
};

// The joint forecast of one run divided by that of another, first horizon, over the users that both scored: below 1 the
// first is better. Both runs must be of the same events.
struct JointRatios {
  RatioInterval rmse, log_score;
};
JointRatios joint_ratios(const ModelResult& with, const ModelResult& without, std::uint64_t seed);

class ModelScores final : public Observer {
 public:
  ModelScores(std::vector<int> horizons, const ModelSet& models, const Split& split);

  void accepted(const Event& event, Step step) override;
  void judged(const StepClosed& closed, std::span<const Matured> matured,
              const std::optional<Forecast>& forecast) override;

  // Once, after the run. A stratum's typical user is the one whose mean absolute error is the median among the tenth
  // of its users with the most points; strata without users are left out.
  ModelResult finish();

 private:
  using Slots = std::array<std::optional<float>, kHorizonSlots>;
  struct Row {  // of a published forecast
    std::uint64_t user = 0;
    Step step = 0;
    std::array<double, kRfmInputs> rfm{};
    Slots purchase, churn;
    float mean = 0, lo = 0, hi = 0;  // of the first horizon
    std::uint8_t stratum = 0;
  };
  using Probability = Slots Row::*;

  bool happened(const Row& row, Probability what, int horizon) const;
  ProbabilityScores::Strata score(Probability what, std::size_t slot) const;
  std::vector<UserTrace> typical_users() const;
  std::vector<double> sums_of(std::uint64_t user) const;

  std::vector<int> horizons_;
  const ModelSet& models_;
  Split split_;
  Evaluator evaluator_;
  Outcomes outcomes_;
  std::unordered_map<std::uint64_t, Rfm> rfm_;
  std::vector<Row> rows_;
};

}  // namespace driftcast
