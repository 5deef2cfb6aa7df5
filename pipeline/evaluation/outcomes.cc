#include "pipeline/evaluation/outcomes.h"

#include <algorithm>
#include <utility>

#include "core/check.h"

namespace driftcast {
namespace {

Step key_of(const StepOutcome& row) { return row.step; }

// The row with this key, which is put in its place when there is none. Cheap for the newest.
template <class Row, class KeyOf>
Row& row_of(std::vector<Row>& rows, const Row& fresh, KeyOf key) {
  auto place = rows.end();
  if (!rows.empty() && !(key(rows.back()) < key(fresh))) {
    place = std::lower_bound(rows.begin(), rows.end(), key(fresh),
                             [&](const Row& row, const auto& wanted) { return key(row) < wanted; });
    if (key(*place) == key(fresh)) return *place;
  }
  return *rows.insert(place, fresh);
}

// The rows of ascending steps that fall into first to last.
template <class Row>
std::span<const Row> rows_between(const std::vector<Row>& rows, Step first, Step last) {
  const auto begin =
      std::lower_bound(rows.begin(), rows.end(), first, [](const Row& row, Step step) { return row.step < step; });
  const auto end = std::upper_bound(begin, rows.end(), last, [](Step step, const Row& row) { return step < row.step; });
  return {begin, end};
}

}  // namespace

void Outcomes::accepted(const Event& event, Step step) {
  first_step_ = std::min(first_step_.value_or(step), step);
  last_step_ = std::max(last_step_.value_or(step), step);
  User& user = users_[event.user_hash];
  StepOutcome& of_step = row_of(user.steps, {.step = step}, key_of);
  ++of_step.events;
  of_step.purchases += event.kind == Kind::kPurchase ? 1 : 0;
  of_step.amount += event.amount;
  const auto key = [](const CategoryOutcome& row) { return std::pair(row.step, row.category); };
  ++row_of(user.categories, {.step = step, .category = event.category_hash}, key).events;
}

std::int64_t Outcomes::events(std::uint64_t user, Step first, Step last) const {
  std::int64_t sum = 0;
  for (const StepOutcome& row : range(user, first, last)) sum += row.events;
  return sum;
}

std::int64_t Outcomes::purchases(std::uint64_t user, Step first, Step last) const {
  std::int64_t sum = 0;
  for (const StepOutcome& row : range(user, first, last)) sum += row.purchases;
  return sum;
}

void Outcomes::category_events(std::uint64_t user, Step first, Step last, std::span<const std::uint64_t> categories,
                               std::span<std::int64_t> events) const {
  DRIFTCAST_CHECK(events.size() == categories.size());
  std::fill(events.begin(), events.end(), 0);
  const auto found = users_.find(user);
  if (found == users_.end()) return;
  for (const CategoryOutcome& row : rows_between(found->second.categories, first, last)) {
    const auto place = std::find(categories.begin(), categories.end(), row.category);
    if (place != categories.end()) events[static_cast<std::size_t>(place - categories.begin())] += row.events;
  }
}

std::span<const StepOutcome> Outcomes::steps(std::uint64_t user) const {
  const auto found = users_.find(user);
  return found == users_.end() ? std::span<const StepOutcome>() : found->second.steps;
}

std::span<const StepOutcome> Outcomes::range(std::uint64_t user, Step first, Step last) const {
  const auto found = users_.find(user);
  if (found == users_.end()) return {};
  return rows_between(found->second.steps, first, last);
}

}  // namespace driftcast
