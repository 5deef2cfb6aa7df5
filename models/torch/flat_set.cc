#include "models/torch/flat_set.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "models/network_heads.h"

namespace driftcast {

namespace {

constexpr std::size_t kRanks = kRankSlots + 1;

std::string place(std::size_t user, std::size_t row) {
  return "user " + std::to_string(user) + ", row " + std::to_string(row);
}

bool finite_and_positive(float number) { return std::isfinite(number) && number >= 0; }

// Empty, or what is wrong with the label.
std::string fault_of_label(const TrainingLabel& label, std::size_t horizons) {
  for (const float share : label.shares) {
    if (!finite_and_positive(share)) return "a share is " + std::to_string(share);
  }
  for (std::size_t s = 0; s < kHorizonSlots; ++s) {
    if (label.part[s] == Part::kNone) continue;
    if (s >= horizons) return "a label for horizon " + std::to_string(s + 1) + " of " + std::to_string(horizons);
    if (!finite_and_positive(label.volume[s])) return "a volume is " + std::to_string(label.volume[s]);
    for (const float events : label.slot_events[s]) {
      if (!finite_and_positive(events)) return "events of a rank slot are " + std::to_string(events);
    }
  }
  return {};
}

Result<void> check_user(const TrainingUser& user, std::size_t index, std::size_t horizons) {
  for (std::size_t r = 0; r < user.rows.size(); ++r) {
    for (std::size_t f = 0; f < kFeatures; ++f) {
      if (std::isfinite(user.rows[r][f])) continue;
      return error(ErrorCode::kData, "training data of " + place(index, r) + ": feature " +
                                         std::string(kFeatureNames[f]) + " is not a finite number");
    }
  }
  std::int64_t before = -1;
  for (const TrainingLabel& label : user.labels) {
    std::string fault = fault_of_label(label, horizons);
    if (label.row >= user.rows.size()) fault = "a label after the user's last row";
    if (label.row <= before) fault = "labels out of order";
    if (!fault.empty()) return error(ErrorCode::kData, "training data of " + place(index, label.row) + ": " + fault);
    before = label.row;
  }
  return {};
}

bool has(const TrainingLabel& label, Part part) { return std::ranges::find(label.part, part) != label.part.end(); }

// Rows up to and with the last label of this part.
std::uint32_t rows_until(const TrainingUser& user, Part part) {
  std::uint32_t rows = 0;
  for (const TrainingLabel& label : user.labels) {
    if (has(label, part)) rows = label.row + 1;
  }
  return rows;
}

void append_shares(const TrainingLabel& label, FlatLabels& to) {
  for (std::size_t i = 0; i < kRanks; ++i) {
    const bool there = label.shares[i] > 0 || i == kRankSlots;
    to.log_shares.push_back(there ? static_cast<float>(std::log(static_cast<double>(label.shares[i]) + kLeastShare))
                                  : kNoShare);
  }
}

// Events of a slot without a category count as those of all the rest.
void append_slots(const TrainingLabel& label, std::size_t horizon, FlatLabels& to) {
  std::array<double, kRanks> events{};
  double sum = 0;
  for (std::size_t i = 0; i < kRanks; ++i) {
    const double here = static_cast<double>(label.slot_events[horizon][i]);
    events[label.shares[i] > 0 ? i : kRankSlots] += here;
    sum += here;
  }
  for (const double here : events) to.slot_shares.push_back(sum > 0 ? static_cast<float>(here / sum) : 0);
  to.slot_weight.push_back(static_cast<float>(std::log1p(sum)));
}

void append_label(const TrainingUser& user, const TrainingLabel& label, FlatSet& to) {
  FlatLabels& labels = to.labels;
  const VolumeLevel level = volume_level(user.rows[label.row]);
  labels.row.push_back(label.row);
  labels.level_scale.push_back(level.scale);
  labels.level_start.push_back(level.start);
  append_shares(label, labels);
  for (std::size_t s = 0; s < to.horizons.size(); ++s) {
    const bool train = label.part[s] == Part::kTrain, validation = label.part[s] == Part::kValidation;
    labels.train.push_back(train ? 1 : 0);
    labels.validation.push_back(validation ? 1 : 0);
    to.train_labels += train ? 1 : 0;
    to.validation_labels += validation ? 1 : 0;
    const bool known = train || validation;  // an outcome of no part may be anything
    labels.volume.push_back(known ? label.volume[s] : 0);
    labels.purchase.push_back(known && label.purchase[s] ? 1 : 0);
    labels.churn.push_back(known && label.churn[s] ? 1 : 0);
    append_slots(label, s, labels);
  }
}

void append_user(const TrainingUser& user, FlatSet& to) {
  FlatUser flat;
  flat.first_row = static_cast<std::int64_t>(to.rows.size() / kFeatures);
  flat.first_label = static_cast<std::int64_t>(to.labels.row.size());
  flat.train_rows = rows_until(user, Part::kTrain);
  flat.validation_rows = rows_until(user, Part::kValidation);
  for (const TrainingLabel& label : user.labels) {
    if (has(label, Part::kTrain) || has(label, Part::kValidation)) append_label(user, label, to);
  }
  flat.labels = static_cast<std::uint32_t>(static_cast<std::int64_t>(to.labels.row.size()) - flat.first_label);
  const std::size_t read = std::max(flat.train_rows, flat.validation_rows);
  for (std::size_t r = 0; r < read; ++r) {
    const FeatureRow inputs = relative(user.rows[r]);
    to.rows.insert(to.rows.end(), inputs.begin(), inputs.end());
  }
  to.users.push_back(flat);
}

// Two passes, because a feature may be large beside its spread.
void find_normalisation(FlatSet& set) {
  std::array<double, kFeatures> sum{}, squares{};
  double rows = 0;
  const auto over_train_rows = [&](auto&& each) {
    for (const FlatUser& user : set.users) {
      for (std::size_t r = 0; r < user.train_rows; ++r) {
        each(set.rows.data() + (static_cast<std::size_t>(user.first_row) + r) * kFeatures);
      }
    }
  };
  over_train_rows([&](const float* row) {
    rows += 1;
    for (std::size_t f = 0; f < kFeatures; ++f) sum[f] += static_cast<double>(row[f]);
  });
  for (std::size_t f = 0; f < kFeatures; ++f) set.mean[f] = static_cast<float>(sum[f] / rows);
  over_train_rows([&](const float* row) {
    for (std::size_t f = 0; f < kFeatures; ++f) {
      const double off = static_cast<double>(row[f]) - static_cast<double>(set.mean[f]);
      squares[f] += off * off;
    }
  });
  for (std::size_t f = 0; f < kFeatures; ++f) {
    const double deviation = std::sqrt(squares[f] / rows);
    const bool constant = deviation <= 1e-6 * (1 + std::abs(static_cast<double>(set.mean[f])));
    set.scale[f] = constant ? 1 : static_cast<float>(1 / deviation);
  }
}

void normalise(FlatSet& set) {
  for (std::size_t i = 0; i < set.rows.size(); ++i) {
    const std::size_t f = i % kFeatures;
    set.rows[i] = std::clamp((set.rows[i] - set.mean[f]) * set.scale[f], -kLargestInput, kLargestInput);
  }
}

}  // namespace

Result<FlatSet> flatten(const TrainingSet& set) {
  if (set.users.empty()) return error(ErrorCode::kData, "there is nothing to train on: the training data has no users");
  FlatSet flat;
  flat.horizons = set.horizons;
  flat.purchases = set.purchases;
  for (std::size_t u = 0; u < set.users.size(); ++u) {
    DRIFTCAST_TRY(check_user(set.users[u], u, set.horizons.size()));
    append_user(set.users[u], flat);
  }
  const std::string of = " of " + std::to_string(set.users.size()) + " users";
  if (flat.train_labels == 0) {
    return error(ErrorCode::kData, "there is nothing to train on: no outcome" + of + " falls into the training part");
  }
  if (flat.validation_labels == 0) {
    return error(ErrorCode::kData, "training could not tell when to stop: no outcome" + of +
                                       " falls into the validation part; it takes a longer history");
  }
  find_normalisation(flat);
  normalise(flat);
  return flat;
}

void learn_validation_too(FlatSet& set) {
  for (FlatUser& user : set.users) {
    user.train_rows = std::max(user.train_rows, user.validation_rows);
    user.validation_rows = 0;
  }
  FlatLabels& labels = set.labels;
  for (std::size_t i = 0; i < labels.train.size(); ++i) labels.train[i] += labels.validation[i];  // never both
  std::ranges::fill(labels.validation, 0.0F);
  set.train_labels += std::exchange(set.validation_labels, 0);
}

}  // namespace driftcast
