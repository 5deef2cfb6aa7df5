#include "pipeline/evaluation/model_scores.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "pipeline/evaluation/logistic_regression.h"

namespace driftcast {
namespace {

// What one stratum's typical user is chosen from.
struct Candidate {
  std::size_t points = 0;
  double mean_error = 0;  // absolute
  std::uint64_t user = 0;
};

Candidate candidate_of(std::uint64_t user, const UserTrace& trace) {
  double sum = 0;
  for (const TracePoint& point : trace.points) sum += std::abs(point.came - point.mean);
  return {trace.points.size(), sum / static_cast<double>(trace.points.size()), user};
}

// The median by error among the tenth with the most points.
std::uint64_t typical_of(std::vector<Candidate> candidates) {
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::pair(b.points, a.user) < std::pair(a.points, b.user);
  });
  candidates.resize((candidates.size() + 9) / 10);
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::pair(a.mean_error, a.user) < std::pair(b.mean_error, b.user);
  });
  return candidates[candidates.size() / 2].user;
}

}  // namespace

JointRatios joint_ratios(const ModelResult& with, const ModelResult& without, std::uint64_t seed) {
  std::map<std::string, ColumnScore> others;
  for (const UserScores& user : without.users) others[user.user] = user.joint();
  std::vector<UserSum> squared_with;
  std::vector<UserSum> squared_without;
  std::vector<UserSum> log_with;
  std::vector<UserSum> log_without;
  for (const UserScores& user : with.users) {
    const auto other = others.find(user.user);
    if (other == others.end()) continue;
    const ColumnScore score = user.joint();
    squared_with.push_back({score.squared, score.count});
    squared_without.push_back({other->second.squared, other->second.count});
    log_with.push_back({score.log_score, score.count});
    log_without.push_back({other->second.log_score, other->second.count});
  }
  return {root_of(bootstrap_ratio(squared_with, squared_without, seed)), bootstrap_ratio(log_with, log_without, seed)};
}

ModelScores::ModelScores(std::vector<int> horizons, const ModelSet& models, const Split& split)
    : horizons_(std::move(horizons)),
      models_(models),
      split_(split),
      evaluator_(horizons_, models, split.validation_last) {}

void ModelScores::accepted(const Event& event, Step step) {
  outcomes_.accepted(event, step);
  evaluator_.accepted(event, step);
}

void ModelScores::judged(const StepClosed& closed, std::span<const Matured> matured,
                         const std::optional<Forecast>& forecast) {
  evaluator_.judged(closed, matured, forecast);
  if (!forecast) return;
  Row& row = rows_.emplace_back();
  row.user = closed.user_hash;
  row.step = closed.step;
  row.rfm = rfm_[row.user].at_end_of(row.step, outcomes_.steps(row.user));
  row.stratum = static_cast<std::uint8_t>(stratum_of(models_.segments[closed.segment]));
  const auto single = [](double probability) { return static_cast<float>(probability); };
  for (std::size_t slot = 0; slot < horizons_.size(); ++slot) {
    const HorizonForecast& horizon = forecast->horizons[slot];
    if (horizon.purchase) row.purchase[slot] = single(*horizon.purchase);
    if (horizon.churn) row.churn[slot] = single(*horizon.churn);
  }
  row.mean = single(forecast->horizons[0].mean);
  row.lo = single(forecast->horizons[0].lo);
  row.hi = single(forecast->horizons[0].hi);
}

ModelResult ModelScores::finish() {
  evaluator_.finish();
  ModelResult result;
  for (std::size_t slot = 0; slot < horizons_.size(); ++slot) {
    ProbabilityScores& scores = result.probabilities.emplace_back();
    scores.horizon = horizons_[slot];
    scores.purchase = score(&Row::purchase, slot);
    scores.churn = score(&Row::churn, slot);
  }
  result.volume = evaluator_.evaluation();
  result.users = evaluator_.scores_by_user();
  result.traces = typical_users();
  return result;
}

bool ModelScores::happened(const Row& row, Probability what, int horizon) const {
  const Step first = row.step + 1;
  const Step last = row.step + horizon;
  return what == &Row::purchase ? outcomes_.purchases(row.user, first, last) > 0
                                : outcomes_.events(row.user, first, last) == 0;
}

// The forecasts, and beside them the baseline's.
ProbabilityScores::Strata ModelScores::score(Probability what, std::size_t slot) const {
  const int horizon = horizons_[slot];
  struct Forecasted {
    const Row* row;
    bool outcome;
  };
  std::vector<double> inputs;  // of the training and validation parts, which the network has learned from, too
  std::vector<unsigned char> outcomes;
  std::vector<Forecasted> validation;
  std::vector<Forecasted> test;
  for (const Row& row : rows_) {
    const Part part = part_of(split_, row.step, horizon);
    if (part == Part::kTrain || part == Part::kValidation) {
      inputs.insert(inputs.end(), row.rfm.begin(), row.rfm.end());
      outcomes.push_back(happened(row, what, horizon) ? 1 : 0);
    }
    if ((row.*what)[slot].has_value()) {
      if (part == Part::kValidation) validation.push_back({&row, happened(row, what, horizon)});
      if (part == Part::kTest) test.push_back({&row, happened(row, what, horizon)});
    }
  }
  if (test.empty()) return {};
  const LogisticRegression baseline = fit_logistic(inputs, kRfmInputs, outcomes);
  const auto forecast = [&](const Row& row) { return static_cast<double>(*(row.*what)[slot]); };
  const auto simple = [&](const Row& row) { return baseline.probability(row.rfm); };
  ProbabilityScores::Strata scores;
  const auto measure = [&](OutcomeScores BesideBaseline::*column, const auto& probability) {
    std::vector<Prediction> before;
    std::vector<Prediction> all;
    std::array<std::vector<Prediction>, kStrata> each;
    for (const auto& [row, outcome] : validation) before.push_back({probability(*row), outcome});
    for (const auto& [row, outcome] : test) {
      each[row->stratum].push_back(all.emplace_back(Prediction{probability(*row), outcome}));
    }
    const double threshold = best_f1_threshold(before);
    scores.all.*column = outcome_scores(all, threshold);
    for (std::size_t k = 0; k < kStrata; ++k) scores.each[k].*column = outcome_scores(each[k], threshold);
  };
  measure(&BesideBaseline::network, forecast);
  measure(&BesideBaseline::baseline, simple);
  return scores;
}

std::vector<UserTrace> ModelScores::typical_users() const {
  const int horizon = horizons_[0];
  std::map<std::uint64_t, UserTrace> users;
  for (const Row& row : rows_) {
    if (part_of(split_, row.step, horizon) != Part::kTest) continue;
    UserTrace& user = users[row.user];
    if (user.points.empty()) user.stratum = row.stratum;
    const auto came = static_cast<double>(outcomes_.events(row.user, row.step + 1, row.step + horizon));
    user.points.push_back({row.step, row.mean, row.lo, row.hi, came});
  }
  std::vector<UserTrace> typical;
  for (std::size_t stratum = kStrata; stratum-- > 0;) {
    std::vector<Candidate> candidates;
    for (const auto& [name, trace] : users) {
      if (trace.stratum == stratum) candidates.push_back(candidate_of(name, trace));
    }
    if (candidates.empty()) continue;
    const std::uint64_t user = typical_of(std::move(candidates));
    UserTrace& trace = typical.emplace_back(users.at(user));
    trace.first = split_.validation_last + 1;
    trace.came = sums_of(user);
  }
  return typical;
}

// Of the first horizon, after every step of the test part.
std::vector<double> ModelScores::sums_of(std::uint64_t user) const {
  std::vector<double> sums;
  for (Step step = split_.validation_last + 1; step + horizons_[0] <= split_.last; ++step) {
    sums.push_back(static_cast<double>(outcomes_.events(user, step + 1, step + horizons_[0])));
  }
  return sums;
}

}  // namespace driftcast
