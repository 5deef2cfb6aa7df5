// Evaluator: watches the stages and measures how good the forecasts are, prequentially: a forecast is made before its
// outcome, and scored when the horizon has passed. Every published forecast that judge keeps waiting is scored, also
// that of a user who never came again: judge hears of its outcome when the user returns, `finish` at the end of the input.
//
// Columns beside the joint forecast: each expert alone, and the naive ones (zero, random walk, same weekday). Every
// column gets a distribution of its own by the same rule (models/interval.h), from what had been learned when the
// forecast was made. The network's dispersion is known to the joint forecast and to the network's own column.
// Strata by the user's rate when the forecast was made: sparse below 0.3 events per step, medium below 3, dense.
// Needs a run with threads = 1.
//
// MAE = mean |y - mean|, RMSE = sqrt(mean (y - mean)^2), log score = mean of -log P(y) in nats, each over the scored
// forecasts of a horizon and stratum, y being the sum of the events in the horizon. Lower is better.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "models/count_distribution.h"
#include "models/interval.h"
#include "pipeline/observer.h"

namespace driftcast {

inline constexpr std::size_t kNaive = 3;  // zero, random walk, same weekday
inline constexpr std::size_t kColumns = 1 + kExperts + kNaive;
inline constexpr std::size_t kStrata = 3;
inline constexpr std::array<std::string_view, kStrata> kStratumNames = {"sparse", "medium", "dense"};

std::string_view column_name(std::size_t column);
std::size_t stratum_of(const ModelSet::Segment& segment);

// Sums over scored forecasts.
struct ColumnScore {
  double absolute = 0, squared = 0, log_score = 0;  // log_score: of minus log probability
  std::int64_t count = 0;

  ColumnScore& operator+=(const ColumnScore& other);
  double mae() const { return count > 0 ? absolute / static_cast<double>(count) : 0; }
  double rmse() const;
  double mean_log_score() const { return count > 0 ? log_score / static_cast<double>(count) : 0; }
};

struct IntervalScore {
  std::int64_t covered = 0, count = 0;
  double width = 0;
  double coverage() const { return count > 0 ? static_cast<double>(covered) / static_cast<double>(count) : 0; }
};

struct HorizonScore {
  std::array<ColumnScore, kColumns> columns{};
  IntervalScore all;     // every scored forecast
  IntervalScore mature;  // made after 30 matured labels of the user and horizon
};

// The joint forecast's and each expert's alone.
using ExpertScores = std::array<ColumnScore, 1 + kExperts>;

// Of one user's forecasts of the first horizon.
struct UserScores {
  std::string user;
  std::vector<std::pair<std::size_t, ExpertScores>> strata;  // by index into kStratumNames, those with forecasts

  ColumnScore joint() const;  // over the strata
};

struct RankingScore {
  double ndcg = 0, frequency_ndcg = 0;  // sums
  std::int64_t count = 0;               // forecasts with events in the horizon
};

struct Evaluation {
  std::vector<int> horizons;
  std::vector<std::array<HorizonScore, kStrata>> scores;  // [horizon][stratum]
  RankingScore ranking;                                   // NDCG@10 of the shares, first horizon
};

class Evaluator final : public Observer {
 public:
  // Only forecasts made after the step `after` are scored; the columns' distributions learn from all.
  Evaluator(std::vector<int> horizons, const ModelSet& models, Step after = std::numeric_limits<Step>::min());

  void accepted(const Event& event, Step step) override;
  void judged(const StepClosed& closed, std::span<const Matured> matured,
              const std::optional<Forecast>& forecast) override;

  // Scores what still waits and whose horizon has passed by the last step that anybody closed. Once, after the run.
  void finish();

  const Evaluation& evaluation() const { return evaluation_; }

  // Users with any, by name.
  std::vector<UserScores> scores_by_user() const;

 private:
  // What was forecast of one horizon, by all columns, and as published.
  struct Waiting {
    std::int64_t total_before = 0;  // the user's events when it was made
    std::uint8_t cell = 0;          // of the crowd
    float dispersion = 0;           // as PendingForecast's
    std::array<std::optional<CountDistribution>, kColumns> laws{};
    double lo = 0, hi = 0;
    std::uint32_t labels = 0;
  };
  struct Origin {
    Step step = 0;
    std::array<std::optional<Waiting>, kHorizonSlots> waiting{};
    std::vector<std::uint64_t> ranking, frequency;  // hashes of categories, best first
  };
  struct CategoryCount {
    std::uint64_t hash = 0;
    std::int64_t all = 0;
    std::vector<std::pair<Step, int>> recent;  // events by step
  };
  struct User {
    std::array<double, 7> last_counts{};  // of the last seven steps, newest first
    Step newest = 0;
    std::int64_t total = 0;  // events in closed steps
    std::deque<Origin> origins;
    std::vector<CategoryCount> categories;
    std::array<std::array<Spread, kColumns>, kHorizonSlots> spreads{};
    std::vector<std::pair<std::size_t, ExpertScores>> strata;  // as in UserScores
  };

  void remember(User& user, const StepClosed& closed, const Forecast& forecast);
  bool is_due(const User& user, std::size_t slot, Step step) const;
  Waiting waiting(const User& user, std::size_t slot, const StepClosed& closed, const HorizonForecast& forecast) const;
  void score(User& user, Origin& origin, std::size_t slot, double y);
  void rank(const User& user, const Origin& origin);

  const ModelSet& models_;
  Step after_;
  Evaluation evaluation_;
  std::unordered_map<std::string, User> users_;
  Step newest_ = 0;  // step that anybody closed
  std::array<std::array<std::array<Spread, kColumns>, kHorizonSlots>, kCrowdCells> crowd_{};
};

}  // namespace driftcast
