// Population: what a partition's fold has learned of its crowd. One record per partition, written by fold alone.
//
// Recent popularity of categories (half-life seven steps, at most kCrowdCategories, the least evicted), the mean volume
// of a step per segment, and the candidates of the population-wide drift test.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "operators/crowd_index.h"

namespace driftcast {

inline constexpr std::size_t kPopular = 10;
inline constexpr std::size_t kSegmentsMax = 8;
inline constexpr std::size_t kCandidatesMax = 4096;

struct CrowdCategory {
  std::string category;
  std::uint64_t hash = 0;
  double mass = 0;
};

// A user whose e-value is large enough to matter for e-BH.
struct DriftCandidate {
  std::string user;
  float log_e = 0;
};

struct Population {
  static constexpr std::uint8_t kFormat = 1;

  Step step = 0;     // of the newest event counted
  double unit = 1;   // what one event weighs now
  double total = 0;  // mass of all categories, kept or not
  std::vector<CrowdCategory> categories;
  std::vector<std::uint64_t> popular;  // hashes of the kPopular most popular when `step` began, most popular first
  std::array<double, kSegmentsMax> step_sum{}, step_weight{};  // discounted, per segment
  std::int64_t monitored = 0;                                  // users with enough history for the drift test
  std::vector<DriftCandidate> candidates;                      // by user

  CrowdIndex index;  // into categories; derived, not stored
};

// Counts an event of a category at a step.
void count_category(Population& population, std::string_view category, std::uint64_t hash, Step step);

// Share of a category among the crowd's recent events, never zero: half an event is added to each.
double popularity(const Population& population, std::uint64_t hash);

// The category with this hash, or nullptr when it is not kept (any more).
const CrowdCategory* find(const Population& population, std::uint64_t hash);

// Counts a closed step of a user of a segment.
void count_step(Population& population, int segment, double events);

// Mean events per step of a segment, starting from the model's prior (which weighs 200 steps).
double segment_mean(const Population& population, int segment, double prior);

// Records a user's log e-value (removes the user below log 20, which can never be rejected at q = 0.05).
void update_candidate(Population& population, std::string_view user, float log_e, double q);
void remove_candidate(Population& population, std::string_view user);

// True when e-BH at level q rejects this candidate among all monitored users.
bool confirmed(const Population& population, float log_e, double q);

void rebuild_index(Population& population);

}  // namespace driftcast
