// Where the network of a configuration runs on a machine without LibTorch; with it: tests/torch/job_test.cc.
#include "pipeline/serving_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/config/support/model_directory.h"

namespace driftcast {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class OpenModel : public testing::Test {
 protected:
  // The tests lie in a folder without the library.
  OpenModel() { unsetenv("DRIFTCAST_TORCH_LIBRARY"); }

  Result<ModelSet> on(const std::string& device, const std::string& dir) {
    Settings settings;
    settings.pipeline.model_dir = dir;
    settings.pipeline.model_device = device;
    return open_model(settings, &metrics_);
  }
  std::string metrics() const { return metrics_.text({}); }

  const ModelDirectory dir_;
  Metrics metrics_{Settings{}.operators.horizons};
};

TEST_F(OpenModel, TheCpuServesUnlessTheSettingsSayOtherwise) {
  const auto models = on("cpu", dir_.path());
  ASSERT_TRUE(models);
  EXPECT_NE(models->network, nullptr);
  EXPECT_THAT(metrics(), HasSubstr("\ndriftcast_network_on_device 0\n"));
}

TEST_F(OpenModel, ADeviceThatIsAskedForAndNotThereIsRefusedWithAdvice) {
  const auto models = on("cuda", dir_.path());
  ASSERT_FALSE(models);
  EXPECT_EQ(models.error().code, ErrorCode::kConfig);
  EXPECT_THAT(models.error().message,
              AllOf(HasSubstr("model.device is cuda, but this build has no LibTorch: install libtorch-dev"),
                    HasSubstr("or set model.device to auto or cpu")));
}

TEST_F(OpenModel, TheCpuServesWhereAutoFindsNoDevice) {
  const auto models = on("auto", dir_.path());
  ASSERT_TRUE(models);
  EXPECT_EQ(models->network->hash(), on("cpu", dir_.path())->network->hash());
  EXPECT_THAT(metrics(), HasSubstr("\ndriftcast_network_on_device 0\n"));
}

TEST_F(OpenModel, Bfloat16IsAnotherNetworkAndTheCpusAlone) {
  Settings settings;
  settings.pipeline.model_dir = dir_.path();
  settings.pipeline.model_precision = "bfloat16";
  const auto models = open_model(settings);
  ASSERT_TRUE(models);
  EXPECT_NE(models->network->hash(), on("cpu", dir_.path())->network->hash());
  settings.pipeline.model_device = "auto";
  const auto refused = open_model(settings);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConfig);
  EXPECT_EQ(refused.error().message,
            "model.precision is bfloat16, which is for the CPU, but model.device is auto; set it to cpu, or "
            "model.precision to float32");
}

TEST_F(OpenModel, NoDeviceIsNeededWithoutANetwork) {
  const auto models = on("cuda", "");
  ASSERT_TRUE(models);
  EXPECT_EQ(models->network, nullptr);
}

}  // namespace
}  // namespace driftcast
