#include "models/torch/batches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "models/torch/flat_set.h"
#include "tests/torch/support/planted_set.h"

namespace driftcast {
namespace {

using testing::ElementsAre;

FlatSet some_set() { return std::move(flatten(planted_set(11, 33, 2))).value(); }

std::vector<std::uint32_t> sorted_users(const std::vector<Batch>& batches) {
  std::vector<std::uint32_t> users;
  for (const Batch& batch : batches) users.insert(users.end(), batch.begin(), batch.end());
  std::ranges::sort(users);
  return users;
}

TEST(Batches, HoldEveryUserOnceWhateverChanceSays) {
  const FlatSet set = some_set();
  Chance chance(1, 2), same(1, 2), other(1, 3);
  const auto batches = shuffled_batches(set, 4, 5, chance);
  EXPECT_THAT(sorted_users(batches), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_EQ(batches, shuffled_batches(set, 4, 5, same));
  EXPECT_NE(batches, shuffled_batches(set, 4, 5, other));
}

TEST(Batches, AreReadWithTheLongestUsersFirst) {
  const FlatSet set = some_set();
  std::size_t before = 1000;
  for (const Batch& batch : batches_by_length(set, Part::kValidation, 3)) {
    for (const std::uint32_t user : batch) {
      EXPECT_LE(rows_of(set.users[user], Part::kValidation), before);
      before = rows_of(set.users[user], Part::kValidation);
    }
  }
}

TEST(Batches, ChunksShowEachRowInItsPlaceAndEachLabelOnce) {
  const FlatSet set = some_set();
  for (const Part part : {Part::kTrain, Part::kValidation}) {
    std::map<std::int64_t, int> seen;
    std::size_t rows = 0, expected_rows = 0;
    for (const FlatUser& user : set.users) expected_rows += rows_of(user, part);
    for (const Batch& batch : batches_by_length(set, part, 4)) {
      for (std::size_t first = 0; first < steps_of(set, batch, part); first += 7) {
        const Chunk chunk = chunk_of(set, batch, part, first, 7);
        rows += chunk.real_rows;
        for (std::size_t i = 0; i < chunk.labels.size(); ++i) {
          const auto label = static_cast<std::size_t>(chunk.labels[i]);
          const auto place = static_cast<std::size_t>(chunk.places[i]);
          const FlatUser& user = set.users[batch[place % chunk.users]];
          EXPECT_EQ(set.labels.row[label], first + place / chunk.users);
          EXPECT_EQ(chunk.rows[place], user.first_row + set.labels.row[label]);
          ++seen[chunk.labels[i]];
        }
      }
    }
    const std::vector<float>& mask = part == Part::kTrain ? set.labels.train : set.labels.validation;
    EXPECT_EQ(rows, expected_rows);
    for (std::size_t label = 0; label < set.labels.row.size(); ++label) {
      const bool of_part = mask[2 * label] + mask[2 * label + 1] > 0;
      EXPECT_EQ(seen.contains(static_cast<std::int64_t>(label)), of_part) << label;
    }
    EXPECT_TRUE(std::ranges::all_of(seen, [](const auto& each) { return each.second == 1; }));
  }
}

TEST(FlatSet, CountsEventsOfASlotWithoutCategoryAsAllTheRest) {
  TrainingSet set = planted_set(1, 40, 1);
  set.users[0].labels[0].shares = {1.0F};
  set.users[0].labels[0].slot_events[0] = {6.0F, 3.0F};
  const FlatSet flat = std::move(flatten(set)).value();
  EXPECT_FLOAT_EQ(flat.labels.slot_shares[0], 6.0F / 9);
  EXPECT_FLOAT_EQ(flat.labels.slot_shares[1], 0);
  EXPECT_FLOAT_EQ(flat.labels.slot_shares[kRankSlots], 3.0F / 9);
  EXPECT_EQ(flat.labels.log_shares[1], kNoShare);
}

TEST(FlatSet, NormalisesOverTheRowsThatTrainingReads) {
  const FlatSet flat = some_set();
  const auto views = static_cast<std::size_t>(Feature::kViews);
  double sum = 0, squares = 0, rows = 0;
  for (const FlatUser& user : flat.users) {
    for (std::size_t r = 0; r < user.train_rows; ++r) {
      const auto value =
          static_cast<double>(flat.rows[(static_cast<std::size_t>(user.first_row) + r) * kFeatures + views]);
      sum += value;
      squares += value * value;
      rows += 1;
    }
  }
  EXPECT_NEAR(sum / rows, 0, 1e-5);
  EXPECT_NEAR(squares / rows, 1, 1e-4);
}

}  // namespace
}  // namespace driftcast
