// Outcomes: what users did in each step: what forecasts are held against and networks are trained with.
//
// Told every accepted event, as Observer::accepted gives them: events of a user come in any order of steps (late ones
// within the lateness among them) and are counted in theirs. Every kind counts as an event; a purchase is one of
// Kind::kPurchase. Users and categories go by their hash64. Steps of a range are both included; a step without events
// has none, also one that is still to come: whoever asks compares with last_step() first.
//
// Memory: 24 bytes per step of a user with events, 24 more per category in it, and about 100 bytes per user; twice that
// at worst while vectors grow. Queries cost a binary search and a walk over the range's rows. Not for several threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/event.h"
#include "core/time.h"

namespace driftcast {

// Of a user in a step with events.
struct StepOutcome {
  Step step = 0;
  std::uint32_t events = 0, purchases = 0;
  double amount = 0;  // sum over all events, signed
};

class Outcomes {
 public:
  void accepted(const Event& event, Step step);

  // Over the steps first to last; 0 when last < first, or of an unknown user.
  std::int64_t events(std::uint64_t user, Step first, Step last) const;
  std::int64_t purchases(std::uint64_t user, Step first, Step last) const;

  // Events of each of `categories`, which are all different, into `events` [categories.size()].
  void category_events(std::uint64_t user, Step first, Step last, std::span<const std::uint64_t> categories,
                       std::span<std::int64_t> events) const;

  // All steps of the user that have events, ascending. Valid until the next event.
  std::span<const StepOutcome> steps(std::uint64_t user) const;

  // The oldest and the newest step of anybody's event; absent before the first.
  std::optional<Step> first_step() const { return first_step_; }
  std::optional<Step> last_step() const { return last_step_; }

  std::size_t users() const { return users_.size(); }

 private:
  struct CategoryOutcome {
    Step step = 0;
    std::uint64_t category = 0;
    std::uint32_t events = 0;
  };
  struct User {
    std::vector<StepOutcome> steps;           // ascending
    std::vector<CategoryOutcome> categories;  // ascending by step, then by category
  };
  std::span<const StepOutcome> range(std::uint64_t user, Step first, Step last) const;

  std::unordered_map<std::uint64_t, User> users_;
  std::optional<Step> first_step_, last_step_;
};

}  // namespace driftcast
