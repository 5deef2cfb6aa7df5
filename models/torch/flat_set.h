// FlatSet: a training set as the trainer reads it: checked, normalised, in flat arrays that a device can hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/features.h"
#include "core/result.h"
#include "models/trainer.h"

namespace driftcast {

// Where a user's rows and labels lie in the arrays. Rows after the last label of a part teach nothing, so a pass over
// that part ends there.
struct FlatUser {
  std::int64_t first_row = 0, first_label = 0;
  std::uint32_t labels = 0;
  std::uint32_t train_rows = 0, validation_rows = 0;  // up to and with the last label of the part
};

// Labels with an outcome in the training or the validation part: L of them, S horizons, R = kRankSlots + 1.
struct FlatLabels {
  std::vector<std::uint32_t> row;                // [L] of the user's rows
  std::vector<double> level_scale, level_start;  // [L] volume_level() of the row
  std::vector<float> log_shares;                 // [L, R]: log(share + kLeastShare), kNoShare where there is none
  std::vector<float> train, validation;          // [L, S]: 1 where the horizon's outcome is of that part, else 0
  std::vector<float> volume, purchase, churn;    // [L, S]
  std::vector<float> slot_shares;                // [L, S, R]: of the horizon's events, summing to 1, or all zero
  std::vector<float> slot_weight;                // [L, S]: log1p(events that have a slot)
};

inline constexpr float kNoShare = -100;  // the logit of a rank slot without a category

struct FlatSet {
  std::vector<int> horizons;  // S
  bool purchases = false;
  FeatureRow mean{}, scale{};  // over the rows that training reads; a feature that never changes keeps scale 1
  std::vector<float> rows;     // [N, kFeatures], normalised and clamped
  std::vector<FlatUser> users;
  FlatLabels labels;
  double train_labels = 0, validation_labels = 0;  // pairs of label and horizon
};

// kData: a number that is not finite, a label out of place, or a part without any label; says whose.
Result<FlatSet> flatten(const TrainingSet& set);

// The validation part becomes a part of the training part. The normalisation stays.
void learn_validation_too(FlatSet& set);

}  // namespace driftcast
