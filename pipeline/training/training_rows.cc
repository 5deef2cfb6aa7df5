#include "pipeline/training/training_rows.h"

#include <algorithm>

#include "core/hash.h"
#include "operators/window_state.h"

namespace driftcast {

void TrainingRows::accepted(const Event& event, Step step) {
  if (hash64(event.user) <= keep_up_to_) outcomes_.accepted(event, step);
}

void TrainingRows::judged(const StepClosed& closed, std::span<const Matured>, const std::optional<Forecast>&) {
  if (!has_row(closed) || closed.user_hash > keep_up_to_) return;
  User& user = users_[closed.user_hash];
  user.rows.push_back(expanded(row_of(closed), options_.time.step));
  Origin& origin = user.origins.emplace_back();
  origin.step = closed.step;
  origin.ranked = std::min(closed.interests.size(), kRankSlots);
  double named = 0;
  for (std::size_t k = 0; k < origin.ranked; ++k) {
    origin.categories[k] = hash64(closed.interests[k].category);
    named += origin.shares[k] = closed.interests[k].share;
  }
  origin.shares[kRankSlots] = static_cast<float>(std::max(0.0, 1 - named));
  if (++rows_ > most_rows_) leave_out_half();
}

void TrainingRows::leave_out_half() {
  keep_up_to_ /= 2;
  std::erase_if(users_, [this](const auto& entry) { return entry.first > keep_up_to_; });
  rows_ = 0;
  for (const auto& [hash, user] : users_) rows_ += user.rows.size();
}

TrainingLabel TrainingRows::label_of(std::uint64_t user, const Origin& origin, std::span<const int> horizons,
                                     const Split& split) const {
  TrainingLabel label;
  label.shares = origin.shares;
  const std::span categories = std::span(origin.categories).first(origin.ranked);
  for (std::size_t slot = 0; slot < horizons.size(); ++slot) {
    const int horizon = horizons[slot];
    label.part[slot] = part_of(split, origin.step, horizon);
    if (label.part[slot] == Part::kNone) continue;
    const Step first = origin.step + 1;
    const Step last = origin.step + horizon;
    const std::int64_t events = outcomes_.events(user, first, last);
    label.volume[slot] = static_cast<float>(events);
    label.purchase[slot] = outcomes_.purchases(user, first, last) > 0;
    label.churn[slot] = events == 0;
    std::array<std::int64_t, kRankSlots> of_categories{};
    outcomes_.category_events(user, first, last, categories, std::span(of_categories).first(origin.ranked));
    std::int64_t rest = events;
    for (std::size_t k = 0; k < kRankSlots; ++k) {
      label.slot_events[slot][k] = static_cast<float>(of_categories[k]);
      rest -= of_categories[k];
    }
    label.slot_events[slot][kRankSlots] = static_cast<float>(rest);
  }
  return label;
}

std::vector<int> TrainingRows::learnable(const Split& split) const {
  std::vector<int> horizons;
  for (const int horizon : options_.horizons) {
    std::size_t outcomes = 0;
    for (const auto& [hash, user] : users_) {
      outcomes += static_cast<std::size_t>(std::ranges::count_if(user.origins, [&](const Origin& origin) {
        return part_of(split, origin.step, horizon) == Part::kValidation;
      }));
    }
    if (horizons.empty() || outcomes >= kFewestOutcomes) horizons.push_back(horizon);
  }
  return horizons;
}

TrainingSet TrainingRows::take(const Split& split) {
  TrainingSet set;
  set.horizons = learnable(split);
  std::vector<std::uint64_t> hashes;
  for (const auto& [hash, user] : users_) hashes.push_back(hash);
  std::sort(hashes.begin(), hashes.end());
  for (const std::uint64_t hash : hashes) {
    User& user = users_[hash];
    TrainingUser& learned = set.users.emplace_back();
    learned.rows = std::move(user.rows);
    for (std::size_t row = 0; row < user.origins.size(); ++row) {
      TrainingLabel label = label_of(hash, user.origins[row], set.horizons, split);
      label.row = static_cast<std::uint32_t>(row);
      const auto& parts = label.part;
      const bool any = std::any_of(parts.begin(), parts.end(), [](Part part) { return part != Part::kNone; });
      if (any) learned.labels.push_back(label);
      for (std::size_t slot = 0; slot < kHorizonSlots; ++slot) {
        set.purchases |= parts[slot] == Part::kTrain && label.purchase[slot];
      }
    }
  }
  users_.clear();
  return set;
}

}  // namespace driftcast
