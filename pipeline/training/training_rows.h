// TrainingRows: watches the stages over recorded events and keeps what a network learns from: the feature rows of closed
// steps as infer would see them, and what came of the forecast that is published after each.
//
// The rows are those that serve: there is no second way to compute a feature. At most so many are kept; where there are
// more, users are left out by their hash, so that the same events keep the same users in whatever order they come.
// Needs a run with threads = 1. Memory: 220 bytes per row, twice that while they are taken, and Outcomes.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <vector>

#include "models/trainer.h"
#include "operators/options.h"
#include "pipeline/evaluation/outcomes.h"
#include "pipeline/evaluation/split.h"
#include "pipeline/observer.h"

namespace driftcast {

class TrainingRows final : public Observer {
 public:
  TrainingRows(const OperatorOptions& options, std::size_t most_rows) : options_(options), most_rows_(most_rows) {}

  void accepted(const Event& event, Step step) override;
  void judged(const StepClosed& closed, std::span<const Matured> matured,
              const std::optional<Forecast>& forecast) override;

  // What there is to learn, users by hash. Forecasts whose outcome belongs to no part are left out, and so is a horizon
  // but the first of which the validation part knows fewer than kFewestOutcomes: nobody could say what was learned of
  // it. Once, after the run.
  TrainingSet take(const Split& split);

  std::size_t rows() const { return rows_; }
  // Share of the users that are kept.
  double kept() const { return static_cast<double>(keep_up_to_) / static_cast<double>(kEverybody); }

 private:
  static constexpr std::size_t kFewestOutcomes = 100;
  static constexpr std::uint64_t kEverybody = std::numeric_limits<std::uint64_t>::max();

  struct Origin {  // a published forecast
    Step step = 0;
    std::array<std::uint64_t, kRankSlots> categories{};  // hashes of the top ones
    std::size_t ranked = 0;                              // how many there are
    std::array<float, kRankSlots + 1> shares{};          // the rest last
  };
  struct User {
    std::vector<FeatureRow> rows;
    std::vector<Origin> origins;  // by row
  };

  void leave_out_half();
  std::vector<int> learnable(const Split& split) const;
  TrainingLabel label_of(std::uint64_t user, const Origin& origin, std::span<const int> horizons,
                         const Split& split) const;

  const OperatorOptions& options_;
  const std::size_t most_rows_;
  std::size_t rows_ = 0;
  std::uint64_t keep_up_to_ = kEverybody;
  std::unordered_map<std::uint64_t, User> users_;
  Outcomes outcomes_;
};

}  // namespace driftcast
