#include "operators/population.h"

#include <algorithm>
#include <cmath>

#include "models/drift_detector.h"

namespace driftcast {
namespace {

const double kStepGrowth = std::exp2(1.0 / 7);
constexpr double kLargestUnit = 1e12;
constexpr double kStepMemory = 1 - 1.0 / 20000;  // of the segment means, per closed step
constexpr double kPriorSteps = 200;

// The most popular categories, most popular first (ties: by name).
void rank_popular(Population& population) {
  std::vector<const CrowdCategory*> all;
  all.reserve(population.categories.size());
  for (const CrowdCategory& category : population.categories) all.push_back(&category);
  const std::size_t kept = std::min(kPopular, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(kept), all.end(),
                    [](const CrowdCategory* a, const CrowdCategory* b) {
                      return a->mass != b->mass ? a->mass > b->mass : a->category < b->category;
                    });
  population.popular.clear();
  for (std::size_t i = 0; i < kept; ++i) population.popular.push_back(all[i]->hash);
}

void grow_unit(Population& population, Step step) {
  if (population.total == 0) population.step = step;
  if (step <= population.step) return;
  rank_popular(population);
  const double steps = static_cast<double>(std::min<Step>(step - population.step, 1000));
  population.unit *= std::pow(kStepGrowth, steps);
  population.step = step;
  if (population.unit < kLargestUnit) return;
  for (CrowdCategory& category : population.categories) category.mass /= population.unit;
  population.total /= population.unit;
  population.unit = 1;
}

bool by_user(const DriftCandidate& a, std::string_view user) { return a.user < user; }

}  // namespace

void count_category(Population& population, std::string_view category, std::uint64_t hash, Step step) {
  grow_unit(population, step);
  population.total += population.unit;
  if (const auto found = population.index.find(hash)) {
    population.categories[*found].mass += population.unit;
    return;
  }
  std::size_t place = population.categories.size();
  if (place < kCrowdCategories) {
    population.categories.emplace_back();
  } else {
    const auto least = std::min_element(population.categories.begin(), population.categories.end(),
                                        [](const auto& a, const auto& b) { return a.mass < b.mass; });
    place = static_cast<std::size_t>(least - population.categories.begin());
    population.index.erase(least->hash);
  }
  population.categories[place] = CrowdCategory{std::string(category), hash, population.unit};
  population.index.insert(hash, static_cast<std::uint32_t>(place));
}

double popularity(const Population& population, std::uint64_t hash) {
  const CrowdCategory* kept = find(population, hash);
  const double mass = kept == nullptr ? 0 : kept->mass;
  const double kinds = static_cast<double>(population.categories.size()) + 1;
  return (mass + 0.5 * population.unit) / (population.total + 0.5 * population.unit * kinds);
}

const CrowdCategory* find(const Population& population, std::uint64_t hash) {
  const auto found = population.index.find(hash);
  return found ? &population.categories[*found] : nullptr;
}

void count_step(Population& population, int segment, double events) {
  const auto s = static_cast<std::size_t>(segment);
  population.step_sum[s] = kStepMemory * population.step_sum[s] + events;
  population.step_weight[s] = kStepMemory * population.step_weight[s] + 1;
}

double segment_mean(const Population& population, int segment, double prior) {
  const auto s = static_cast<std::size_t>(segment);
  return (population.step_sum[s] + kPriorSteps * prior) / (population.step_weight[s] + kPriorSteps);
}

void update_candidate(Population& population, std::string_view user, float log_e, double q) {
  auto& candidates = population.candidates;
  const auto place = std::lower_bound(candidates.begin(), candidates.end(), user, by_user);
  const bool present = place != candidates.end() && place->user == user;
  if (log_e < -std::log(q)) {
    if (present) candidates.erase(place);
    return;
  }
  if (present) {
    place->log_e = log_e;
  } else if (candidates.size() < kCandidatesMax) {
    candidates.insert(place, DriftCandidate{std::string(user), log_e});
  }
}

void remove_candidate(Population& population, std::string_view user) {
  auto& candidates = population.candidates;
  const auto place = std::lower_bound(candidates.begin(), candidates.end(), user, by_user);
  if (place != candidates.end() && place->user == user) candidates.erase(place);
}

bool confirmed(const Population& population, float log_e, double q) {
  std::vector<float> values;
  values.reserve(population.candidates.size());
  for (const DriftCandidate& candidate : population.candidates) values.push_back(candidate.log_e);
  std::sort(values.begin(), values.end(), std::greater<>());
  return e_bh_rejects(values, log_e, population.monitored, q);
}

void rebuild_index(Population& population) {
  population.index.clear();
  for (std::size_t i = 0; i < population.categories.size(); ++i) {
    population.index.insert(population.categories[i].hash, static_cast<std::uint32_t>(i));
  }
}

}  // namespace driftcast
