// The model of a configuration: the shipped priors, or a directory that fits.
#include "config/load_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "config/settings.h"
#include "tests/config/support/model_directory.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int kHorizons[] = {7, 30};

TEST(LoadModel, GivesTheShippedPriorsWithoutADirectory) {
  const LoadedModel loaded = load_model("", kHorizons, Duration{kDay}).value();
  EXPECT_EQ(loaded.models.hash, default_models().hash);
  EXPECT_EQ(loaded.models.network, nullptr);
  EXPECT_THAT(loaded.notes, IsEmpty());
}

TEST(LoadModel, GivesANetworkThatRuns) {
  const ModelDirectory dir;
  const LoadedModel loaded = load_model(dir.path(), kHorizons, Duration{kDay}).value();
  EXPECT_THAT(loaded.notes, IsEmpty());
  ASSERT_NE(loaded.models.network, nullptr);
  EXPECT_EQ(loaded.models.network_hash, hash_of(*small_model().network));
  std::vector<Half> carried(loaded.models.network->carried());
  const FeatureRow row{};
  NetForecast forecast;
  const NetworkStep step{&row, carried.data(), &forecast};
  loaded.models.network->step(std::span(&step, 1));
  EXPECT_TRUE(forecast.has(0) && forecast.has(1));
}

// The first run has a network: it comes with the sources, so it stays small.
TEST(LoadModel, TheShippedModelRunsUnderTheShippedSettings) {
  const std::string dir = std::string(DRIFTCAST_SOURCE_DIR) + "/config/models/demo";
  const Settings settings;
  const LoadedModel loaded = load_model(dir, settings.operators.horizons, settings.operators.time.step.width).value();
  EXPECT_THAT(loaded.notes, IsEmpty());
  EXPECT_NE(loaded.models.network, nullptr);
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(dir)) bytes += file.file_size();
  EXPECT_LE(bytes, 300'000U);
}

TEST(LoadModel, NeedsNoNetwork) {
  const ModelDirectory dir(model_without_network());
  const LoadedModel loaded = load_model(dir.path(), kHorizons, Duration{kDay}).value();
  EXPECT_EQ(loaded.models.id, "test-1");
  EXPECT_EQ(loaded.models.network, nullptr);
  EXPECT_THAT(loaded.notes, IsEmpty());
}

TEST(LoadModel, NotesTheHorizonsThatTheNetworkDoesNotKnow) {
  const ModelDirectory dir;
  const int horizons[] = {7, 14, 90};
  const LoadedModel loaded = load_model(dir.path(), horizons, Duration{kDay}).value();
  EXPECT_THAT(loaded.notes,
              ElementsAre("the network of '" + dir.path() + "' knows horizons of 7, 30 steps; of 14, 90 " +
                          "the other experts forecast without it"));
}

TEST(LoadModel, RefusesStepsOfAnotherWidthWithAdvice) {
  const ModelDirectory dir;
  const Result<LoadedModel> loaded = load_model(dir.path(), kHorizons, std::chrono::hours{1});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kConfig);
  EXPECT_EQ(loaded.error().message, "the model '" + dir.path() + "' was made for steps of 1d, time.step is 1h: set " +
                                        "time.step to 1d, or train a model for 1h");
}

TEST(LoadModel, KeepsAStepOfOddMilliseconds) {
  ModelFiles files = model_without_network();
  files.step_ms = 60'001;
  const ModelDirectory dir(files);
  EXPECT_TRUE(load_model(dir.path(), kHorizons, Duration{60'001}));
  EXPECT_FALSE(load_model(dir.path(), kHorizons, Duration{60'000}));
}

TEST(LoadModel, PassesOnWhatIsWrong) {
  const ModelDirectory dir;
  put(dir.weights_path(), "");
  EXPECT_EQ(load_model(dir.path(), kHorizons, Duration{kDay}).error().code, ErrorCode::kData);
  std::filesystem::remove(dir.weights_path());
  EXPECT_EQ(load_model(dir.path(), kHorizons, Duration{kDay}).error().code, ErrorCode::kNoInput);
  const ModelDirectory good;
  const auto fails = [](const NetworkWeights&, std::span<const int>) -> Result<std::unique_ptr<Network>> {
    return error(ErrorCode::kUnavailable, "no device");
  };
  EXPECT_THAT(load_model(good.path(), kHorizons, Duration{kDay}, fails).error().message, HasSubstr("no device"));
}

}  // namespace
}  // namespace driftcast
