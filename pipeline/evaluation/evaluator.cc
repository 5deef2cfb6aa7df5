#include "pipeline/evaluation/evaluator.h"

#include <algorithm>
#include <cmath>

#include "core/hash.h"

namespace driftcast {
namespace {

constexpr std::size_t kRanked = 10;
constexpr std::uint32_t kMatureLabels = 30;
constexpr std::size_t kZero = 1 + kExperts, kRandomWalk = kZero + 1, kWeekday = kZero + 2;
constexpr std::size_t kNetwork = 1 + static_cast<std::size_t>(Expert::kNetwork);
constexpr double kLeastMean = 1e-3;  // of a column's distribution: a forecast of zero must not be infinitely wrong

void add(ColumnScore& score, const CountDistribution& law, double y) {
  const double mean = std::max(law.mean, kLeastMean);
  score.absolute += std::abs(y - law.mean);
  score.squared += (y - law.mean) * (y - law.mean);
  score.log_score -= CountDistribution{mean, std::max(law.variance, mean)}.log_probability(y);
  ++score.count;
}

// What correction by labels starts from: only the joint forecast and the network know of the network's.
double prior_of(std::size_t column, float network, const ModelSet::Segment& segment) {
  return prior_dispersion(column == 0 || column == kNetwork ? network : 0, segment);
}

void add(IntervalScore& score, double lo, double hi, double y) {
  score.covered += lo <= y && y <= hi ? 1 : 0;
  score.width += hi - lo;
  ++score.count;
}

ExpertScores& scores_in(std::vector<std::pair<std::size_t, ExpertScores>>& strata, std::size_t stratum) {
  for (auto& [which, scores] : strata) {
    if (which == stratum) return scores;
  }
  return strata.emplace_back(stratum, ExpertScores{}).second;
}

double discount(std::size_t rank) { return 1 / std::log2(static_cast<double>(rank) + 2); }

// NDCG@10 of a ranking against the true gains.
double ndcg(const std::vector<std::uint64_t>& ranking, std::vector<std::pair<double, std::uint64_t>> gains) {
  double gained = 0;
  for (std::size_t i = 0; i < std::min(ranking.size(), kRanked); ++i) {
    const auto found =
        std::find_if(gains.begin(), gains.end(), [&](const auto& gain) { return gain.second == ranking[i]; });
    if (found != gains.end()) gained += found->first * discount(i);
  }
  std::sort(gains.begin(), gains.end(), std::greater<>());
  double best = 0;
  for (std::size_t i = 0; i < std::min(gains.size(), kRanked); ++i) best += gains[i].first * discount(i);
  return best > 0 ? gained / best : 0;
}

}  // namespace

std::string_view column_name(std::size_t column) {
  static constexpr std::array<std::string_view, kNaive> kNaiveNames = {"zero", "random_walk", "same_weekday"};
  return column == 0 ? "joint" : column <= kExperts ? kExpertNames[column - 1] : kNaiveNames[column - kZero];
}

std::size_t stratum_of(const ModelSet::Segment& segment) {
  return segment.below <= 0.3 ? 0 : segment.below <= 3 ? 1 : 2;
}

ColumnScore UserScores::joint() const {
  ColumnScore sum;
  for (const auto& [stratum, scores] : strata) sum += scores[0];
  return sum;
}

ColumnScore& ColumnScore::operator+=(const ColumnScore& other) {
  absolute += other.absolute;
  squared += other.squared;
  log_score += other.log_score;
  count += other.count;
  return *this;
}

double ColumnScore::rmse() const { return count > 0 ? std::sqrt(squared / static_cast<double>(count)) : 0; }

Evaluator::Evaluator(std::vector<int> horizons, const ModelSet& models, Step after) : models_(models), after_(after) {
  evaluation_.scores.resize(horizons.size());
  evaluation_.horizons = std::move(horizons);
}

void Evaluator::accepted(const Event& event, Step step) {
  User& user = users_[std::string(event.user)];
  auto found = std::find_if(user.categories.begin(), user.categories.end(),
                            [&](const CategoryCount& category) { return category.hash == event.category_hash; });
  if (found == user.categories.end()) found = user.categories.insert(found, CategoryCount{event.category_hash, 0, {}});
  ++found->all;
  const auto same =
      std::find_if(found->recent.begin(), found->recent.end(), [=](const auto& e) { return e.first == step; });
  if (same == found->recent.end()) {
    found->recent.emplace_back(step, 1);
  } else {
    ++same->second;
  }
}

void Evaluator::judged(const StepClosed& closed, std::span<const Matured> matured,
                       const std::optional<Forecast>& forecast) {
  User& user = users_[closed.user];
  const auto shift = static_cast<std::size_t>(std::clamp<Step>(closed.step - user.newest, 1, 7));
  for (std::size_t i = 0; i < shift; ++i) {
    std::rotate(user.last_counts.begin(), user.last_counts.end() - 1, user.last_counts.end());
    user.last_counts[0] = 0;
  }
  user.last_counts[0] = static_cast<double>(closed.count);
  user.newest = closed.step;
  newest_ = std::max(newest_, closed.step);
  user.total += closed.count;
  for (const Matured& each : matured) {
    const auto origin = std::ranges::find(user.origins, each.forecast.step, &Origin::step);
    if (origin != user.origins.end() && origin->waiting[each.slot]) score(user, *origin, each.slot, each.y);
  }
  const Step oldest = closed.step - *std::max_element(evaluation_.horizons.begin(), evaluation_.horizons.end());
  while (!user.origins.empty() && user.origins.front().step <= oldest) user.origins.pop_front();
  for (CategoryCount& category : user.categories) {
    std::erase_if(category.recent, [=](const auto& entry) { return entry.first < oldest; });
  }
  if (forecast) remember(user, closed, *forecast);
}

void Evaluator::remember(User& user, const StepClosed& closed, const Forecast& forecast) {
  Origin origin;
  origin.step = closed.step;
  for (std::size_t slot = 0; slot < forecast.horizons.size(); ++slot) {
    if (is_due(user, slot, closed.step)) origin.waiting[slot] = waiting(user, slot, closed, forecast.horizons[slot]);
  }
  for (const InterestForecast& interest : forecast.interests) origin.ranking.push_back(hash64(interest.category));
  std::vector<std::pair<std::int64_t, std::uint64_t>> counts;
  for (const CategoryCount& category : user.categories) {
    std::int64_t events = category.all;
    for (const auto& [step, count] : category.recent) events -= step > closed.step ? count : 0;
    if (events > 0) counts.emplace_back(-events, category.hash);
  }
  std::sort(counts.begin(), counts.end());
  for (std::size_t i = 0; i < std::min(counts.size(), kRanked); ++i) origin.frequency.push_back(counts[i].second);
  user.origins.push_back(std::move(origin));
}

// As judge lets it wait: not more forecasts of a horizon than it has room for.
bool Evaluator::is_due(const User& user, std::size_t slot, Step step) const {
  const auto waits = [slot](const Origin& each) { return each.waiting[slot].has_value(); };
  const auto newest = std::find_if(user.origins.rbegin(), user.origins.rend(), waits);
  return newest == user.origins.rend() || step - newest->step >= spacing(evaluation_.horizons[slot]);
}

Evaluator::Waiting Evaluator::waiting(const User& user, std::size_t slot, const StepClosed& closed,
                                      const HorizonForecast& forecast) const {
  Waiting waiting;
  waiting.total_before = user.total;
  waiting.cell = static_cast<std::uint8_t>(crowd_cell(closed.segment, closed.active_steps));
  waiting.dispersion = closed.net && closed.net->has(slot) ? closed.net->dispersion[slot] : 0;
  waiting.lo = forecast.lo;
  waiting.hi = forecast.hi;
  waiting.labels = user.spreads[slot][0].labels;
  std::array<std::optional<double>, kColumns> means{};
  means[0] = forecast.mean;
  for (std::size_t k = 0; k < kExperts; ++k) {
    if ((forecast.available >> k & 1U) != 0) means[1 + k] = forecast.parts[k];
  }
  const int horizon = evaluation_.horizons[slot];
  means[kZero] = 0;
  means[kRandomWalk] = user.last_counts[0] * horizon;
  means[kWeekday] = 0;  // step + 1 has the weekday of the count six places back
  for (int h = 0; h < horizon; ++h) *means[kWeekday] += user.last_counts[static_cast<std::size_t>(6 - h % 7)];
  for (std::size_t c = 0; c < kColumns; ++c) {
    if (!means[c]) continue;
    const double prior = prior_of(c, waiting.dispersion, models_.segments[closed.segment]);
    const Spread& crowd = crowd_[waiting.cell][slot][c];
    waiting.laws[c] = CountDistribution{*means[c], spread_variance(*means[c], user.spreads[slot][c], crowd, prior)};
  }
  return waiting;
}

void Evaluator::finish() {
  for (auto& [name, user] : users_) {
    for (Origin& origin : user.origins) {
      for (std::size_t slot = 0; slot < evaluation_.horizons.size(); ++slot) {
        const auto& waiting = origin.waiting[slot];
        if (!waiting || origin.step + evaluation_.horizons[slot] > newest_) continue;
        score(user, origin, slot, static_cast<double>(user.total - waiting->total_before));
      }
    }
  }
}

// Scores what waits, and learns from it.
void Evaluator::score(User& user, Origin& origin, std::size_t slot, double y) {
  const Waiting waiting = *std::exchange(origin.waiting[slot], std::nullopt);
  const ModelSet::Segment& segment = models_.segments[segment_of_cell(waiting.cell)];
  const bool scored = origin.step > after_;
  HorizonScore& score = evaluation_.scores[slot][stratum_of(segment)];
  for (std::size_t c = 0; c < kColumns; ++c) {
    const auto& law = waiting.laws[c];
    if (!law) continue;
    if (scored) add(score.columns[c], *law, y);
    if (scored && c <= kExperts && slot == 0) add(scores_in(user.strata, stratum_of(segment))[c], *law, y);
    spread_learn(user.spreads[slot][c], crowd_[waiting.cell][slot][c], prior_of(c, waiting.dispersion, segment),
                 law->mean, law->variance, y, 0.9);
  }
  if (!scored) return;
  add(score.all, waiting.lo, waiting.hi, y);
  if (waiting.labels >= kMatureLabels) add(score.mature, waiting.lo, waiting.hi, y);
  if (slot == 0) rank(user, origin);
}

std::vector<UserScores> Evaluator::scores_by_user() const {
  std::vector<UserScores> scores;
  for (const auto& [name, user] : users_) {
    if (!user.strata.empty()) scores.push_back({name, user.strata});
  }
  std::sort(scores.begin(), scores.end(), [](const auto& a, const auto& b) { return a.user < b.user; });
  return scores;
}

void Evaluator::rank(const User& user, const Origin& origin) {
  std::vector<std::pair<double, std::uint64_t>> gains;
  for (const CategoryCount& category : user.categories) {
    double events = 0;
    for (const auto& [step, count] : category.recent) {
      if (step > origin.step && step <= origin.step + evaluation_.horizons[0]) events += count;
    }
    if (events > 0) gains.emplace_back(events, category.hash);
  }
  if (gains.empty()) return;
  evaluation_.ranking.ndcg += ndcg(origin.ranking, gains);
  evaluation_.ranking.frequency_ndcg += ndcg(origin.frequency, gains);
  ++evaluation_.ranking.count;
}

}  // namespace driftcast
