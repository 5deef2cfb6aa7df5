#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "models/cpu_network.h"
#include "models/network_heads.h"
#include "tests/torch/support/library.h"
#include "tests/torch/support/planted_set.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;

TrainingOptions small_options() {
  TrainingOptions options;
  options.hidden = 16;
  options.epochs = 12;
  options.batch = 32;
  options.chunk = 20;
  options.learning_rate = 1e-2;
  return options;
}

// Ends the training when so many epochs of the round are done, and keeps what it would need to go on.
TrainingWatch until(int epochs, bool refit, Checkpoint& kept, std::atomic<bool>& stop) {
  TrainingWatch watch;
  watch.stop = &stop;
  watch.on_epoch = [=, &kept, &stop](const EpochReport& report, const Checkpoint& checkpoint) -> Result<void> {
    kept = checkpoint;
    stop = report.epoch == epochs && report.refit == refit;
    return {};
  };
  return watch;
}

// Tells `each` what the network says after every step of the test part, and what came of it.
template <class Each>
void over_test_part(const NetworkWeights& weights, const TrainingSet& set, Each each) {
  const auto network = std::move(cpu_network(weights, set.horizons)).value();
  for (const TrainingUser& user : set.users) {
    std::vector<Half> carried(network->carried());
    for (const TrainingLabel& label : user.labels) {  // one for each row
      NetForecast forecast;
      const NetworkStep step{&user.rows[label.row], carried.data(), &forecast};
      network->step({&step, 1});
      if (label.part[0] == Part::kTest) each(forecast, label);
    }
  }
}

// What the network expects of the next step's events, divided by what came.
double volume_ratio(const NetworkWeights& weights, const TrainingSet& set) {
  double expected = 0, came = 0;
  over_test_part(weights, set, [&](const NetForecast& forecast, const TrainingLabel& label) {
    expected += static_cast<double>(forecast.volume[0]);
    came += static_cast<double>(label.volume[0]);
  });
  return expected / came;
}

void expect_same_bits(const NetworkWeights& a, const NetworkWeights& b) { EXPECT_EQ(hash_of(a), hash_of(b)); }

Error refused(const TrainingSet& set, const TrainingOptions& options = small_options(),
              const std::optional<Checkpoint>& from = {}) {
  const auto trained = torch_library().train(set, options, from, {});
  EXPECT_FALSE(trained);
  return trained ? Error{} : trained.error();
}

// What a trained network says of the test part's purchases in the next step, and what came of it.
struct Purchases {
  std::vector<float> probabilities;
  std::vector<bool> happened;

  Purchases(const NetworkWeights& weights, const TrainingSet& set) {
    over_test_part(weights, set, [&](const NetForecast& forecast, const TrainingLabel& label) {
      probabilities.push_back(forecast.purchase[0]);
      happened.push_back(label.purchase[0]);
    });
  }

  // The chance that a step with a purchase had the larger probability than one without.
  double area_under_curve() const {
    double pairs = 0, right = 0;
    for (std::size_t i = 0; i < happened.size(); ++i) {
      for (std::size_t j = 0; j < happened.size(); ++j) {
        if (!happened[i] || happened[j]) continue;
        pairs += 1;
        right += probabilities[i] > probabilities[j] ? 1 : probabilities[i] == probabilities[j] ? 0.5 : 0;
      }
    }
    return right / pairs;
  }

  double mean_probability() const {
    double sum = 0;
    for (const float probability : probabilities) sum += static_cast<double>(probability);
    return sum / static_cast<double>(probabilities.size());
  }

  double frequency() const {
    return static_cast<double>(std::ranges::count(happened, true)) / static_cast<double>(happened.size());
  }
};

TEST(Training, LearnsWhatTheLevelCannotKnow) {
  const TrainingSet set = planted_set(60, 120, 7);
  std::vector<double> progress;
  std::vector<EpochReport> reports;
  TrainingWatch watch;
  watch.on_progress = [&](double share) { progress.push_back(share); };
  watch.on_epoch = [&](const EpochReport& report, const Checkpoint&) -> Result<void> {
    reports.push_back(report);
    return {};
  };
  const auto trained = torch_library().train(set, small_options(), {}, watch);
  ASSERT_TRUE(trained) << trained.error().message;

  EXPECT_LT(trained->validation_loss, 0.75 * trained->level_loss);
  const auto epochs = static_cast<std::size_t>(trained->epochs());
  ASSERT_EQ(reports.size(), epochs + static_cast<std::size_t>(trained->best_epoch)) << "as many again as were best";
  EXPECT_LE(trained->validation_loss, reports[epochs - 1].best_loss);
  for (std::size_t i = 0; i < reports.size(); ++i) EXPECT_EQ(reports[i].refit, i >= epochs);
  EXPECT_EQ(reports.back().seconds_left, 0);
  EXPECT_THAT(progress, Each(AllOf(Ge(0), Le(1))));
  EXPECT_NEAR(*std::ranges::max_element(progress), 1, 1e-9);
  EXPECT_EQ(fault_of(trained->weights), "");

  const Purchases purchases(trained->weights, set);
  EXPECT_GT(purchases.area_under_curve(), 0.85);
  EXPECT_NEAR(purchases.mean_probability(), purchases.frequency(), 0.2 * purchases.frequency());
}

// Interrupted in the second epoch of either round.
class InterruptedTraining : public testing::TestWithParam<bool> {};

TEST_P(InterruptedTraining, GoesOnToTheSameBits) {
  const bool refit = GetParam();
  const TrainingSet set = planted_set(20, 60, 3);
  TrainingOptions options = small_options();
  options.epochs = 5;
  const auto uninterrupted = torch_library().train(set, options, {}, {});
  ASSERT_TRUE(uninterrupted) << uninterrupted.error().message;
  ASSERT_GT(uninterrupted->best_epoch, 2) << "the second round must have a third epoch";

  Checkpoint kept;
  std::atomic<bool> stop = false;
  const auto interrupted = torch_library().train(set, options, {}, until(2, refit, kept, stop));
  ASSERT_FALSE(interrupted);
  EXPECT_EQ(interrupted.error().code, ErrorCode::kRestart);
  ASSERT_EQ(kept.epoch, 2);
  ASSERT_EQ(kept.refit, refit);
  const auto resumed = torch_library().train(set, options, kept, {});
  ASSERT_TRUE(resumed) << resumed.error().message;

  expect_same_bits(resumed->weights, uninterrupted->weights);
  expect_same_bits(resumed->early, uninterrupted->early);
  EXPECT_EQ(resumed->epochs(), uninterrupted->epochs());
  EXPECT_EQ(resumed->validation_losses, uninterrupted->validation_losses);
  EXPECT_EQ(resumed->best_epoch, uninterrupted->best_epoch);
  EXPECT_EQ(resumed->train_loss, uninterrupted->train_loss);
  EXPECT_EQ(resumed->validation_loss, uninterrupted->validation_loss);
  EXPECT_EQ(resumed->level_loss, uninterrupted->level_loss);
}

INSTANTIATE_TEST_SUITE_P(Rounds, InterruptedTraining, testing::Bool());

// After the training part, users do twice of what their levels promise.
TEST(Training, LearnsFromTheValidationPartInTheEnd) {
  TrainingSet set = planted_set(40, 120, 7);
  for (TrainingUser& user : set.users) {
    for (TrainingLabel& label : user.labels) {
      for (std::size_t s = 0; s < set.horizons.size(); ++s) {
        if (label.part[s] != Part::kTrain) label.volume[s] *= 2;
      }
    }
  }
  const auto trained = torch_library().train(set, small_options(), {}, {});
  ASSERT_TRUE(trained) << trained.error().message;
  ASSERT_GT(trained->best_epoch, 0);
  const double early = volume_ratio(trained->early, set), late = volume_ratio(trained->weights, set);
  EXPECT_LT(early, 0.7);
  EXPECT_GT(late, early + 0.05);
}

TEST(Training, GivesOtherNumbersFromAnotherSeed) {
  const TrainingSet set = planted_set(10, 40, 3);
  TrainingOptions options = small_options();
  options.epochs = 1;
  const auto first = torch_library().train(set, options, {}, {});
  options.seed = 2;
  const auto second = torch_library().train(set, options, {}, {});
  EXPECT_NE(hash_of(first->weights), hash_of(second->weights));
}

TEST(Training, StopsBeforeTheFirstEpochWhenAskedTo) {
  const std::atomic<bool> stop = true;
  TrainingWatch watch;
  watch.stop = &stop;
  const auto trained = torch_library().train(planted_set(5, 40, 1), small_options(), {}, watch);
  ASSERT_FALSE(trained);
  EXPECT_EQ(trained.error().code, ErrorCode::kRestart);
}

TEST(Training, EndsWithTheErrorOfItsWatcher) {
  TrainingWatch watch;
  watch.on_epoch = [](const EpochReport&, const Checkpoint&) -> Result<void> {
    return error(ErrorCode::kIo, "disk full");
  };
  const auto trained = torch_library().train(planted_set(5, 40, 1), small_options(), {}, watch);
  ASSERT_FALSE(trained);
  EXPECT_EQ(trained.error().message, "disk full");
}

TEST(Training, EndsEarlyWhenNothingIsLeftToLearn) {
  TrainingOptions options = small_options();
  options.epochs = 60;
  options.patience = 2;
  options.learning_rate = 0.1;
  options.least_learning_rate = 0.1;
  const auto trained = torch_library().train(planted_set(6, 40, 1), options, {}, {});
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_LT(trained->epochs(), 60);
  EXPECT_EQ(trained->epochs(), trained->best_epoch + 2);
}

TEST(Training, LeavesThePurchaseHeadAloneWhereThereAreNoPurchases) {
  TrainingSet set = planted_set(10, 40, 1);
  set.purchases = false;
  TrainingOptions options = small_options();
  options.epochs = 2;
  const auto trained = torch_library().train(set, options, {}, {});
  ASSERT_TRUE(trained) << trained.error().message;
  const NetworkWeights& weights = trained->weights;
  EXPECT_FALSE(weights.purchases);
  EXPECT_EQ(weights.head_bias[kHeadPurchase], 0);
  EXPECT_NE(weights.head_bias[kHeadVolume], 0);
}

TEST(Training, LeavesAFeatureThatNeverChangesAtScaleOne) {
  TrainingSet set = planted_set(10, 40, 1);
  for (TrainingUser& user : set.users) {
    for (FeatureRow& row : user.rows) at(row, Feature::kAmount) = 3;
  }
  TrainingOptions options = small_options();
  options.epochs = 1;
  const auto trained = torch_library().train(set, options, {}, {});
  ASSERT_TRUE(trained) << trained.error().message;
  const auto amount = static_cast<std::size_t>(Feature::kAmount);
  EXPECT_EQ(trained->weights.mean[amount], 3);
  EXPECT_EQ(trained->weights.scale[amount], 1);
}

TEST(Training, RefusesNumbersThatAreNoneAndSaysWhere) {
  TrainingSet set = planted_set(5, 40, 1);
  at(set.users[3].rows[7], Feature::kDwell) = std::numeric_limits<float>::quiet_NaN();
  const Error rows = refused(set);
  EXPECT_EQ(rows.code, ErrorCode::kData);
  EXPECT_THAT(rows.message, HasSubstr("user 3, row 7: feature dwell"));

  set = planted_set(5, 40, 1);
  set.users[2].labels[4].volume[1] = std::numeric_limits<float>::infinity();
  const Error labels = refused(set);
  EXPECT_EQ(labels.code, ErrorCode::kData);
  EXPECT_THAT(labels.message, HasSubstr("user 2, row 4"));
}

TEST(Training, RefusesLabelsOutOfPlace) {
  TrainingSet set = planted_set(5, 40, 1);
  set.users[1].labels[9].row = 400;
  EXPECT_EQ(refused(set).code, ErrorCode::kData);
  set.users[1].labels[9].row = 3;
  EXPECT_EQ(refused(set).code, ErrorCode::kData);
}

TEST(Training, SaysPlainlyWhatIsMissing) {
  TrainingSet set = planted_set(5, 40, 1);
  for (TrainingUser& user : set.users) {
    for (TrainingLabel& label : user.labels) std::ranges::replace(label.part, Part::kValidation, Part::kTest);
  }
  EXPECT_THAT(refused(set).message, HasSubstr("validation part"));
  for (TrainingUser& user : set.users) user.labels.clear();
  EXPECT_THAT(refused(set).message, HasSubstr("training part"));
  set.users.clear();
  const Error nobody = refused(set);
  EXPECT_EQ(nobody.code, ErrorCode::kData);
  EXPECT_THAT(nobody.message, HasSubstr("no users"));
}

TEST(Training, RefusesOptionsOutOfBounds) {
  const TrainingSet set = planted_set(5, 40, 1);
  const auto refuses = [&](auto change) {
    TrainingOptions options = small_options();
    change(options);
    EXPECT_EQ(refused(set, options).code, ErrorCode::kConfig);
  };
  refuses([](TrainingOptions& options) { options.hidden = 12; });
  refuses([](TrainingOptions& options) { options.layers = 0; });
  refuses([](TrainingOptions& options) { options.epochs = 0; });
  refuses([](TrainingOptions& options) { options.dropout = 1; });
  refuses([](TrainingOptions& options) { options.device = "tpu"; });
}

TEST(Training, RefusesACheckpointOfAnotherNetwork) {
  Checkpoint other;
  other.epoch = 1;
  other.parameters.resize(10);
  const Error refusal = refused(planted_set(5, 40, 1), small_options(), other);
  EXPECT_EQ(refusal.code, ErrorCode::kConfig);
  EXPECT_THAT(refusal.message, HasSubstr("another network"));
}

}  // namespace
}  // namespace driftcast
