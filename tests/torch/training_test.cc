#include <gtest/gtest.h>

#include <limits>

#include "tests/torch/support/library.h"
#include "tests/torch/support/planted_set.h"

namespace driftcast {
namespace {

TrainingOptions small_options() {
  TrainingOptions options;
  options.hidden = 16;
  options.layers = 2;
  options.epochs = 12;
  options.batch = 32;
  options.chunk = 20;
  options.learning_rate = 1e-2;
  return options;
}

TEST(Training, LearnsWhatTheLevelCannotKnow) {
  const TrainingSet set = planted_set(120, 120, 7);
  TrainingWatch watch;
  watch.on_epoch = [](const EpochReport& report, const Checkpoint&) -> Result<void> {
    std::printf("%d train %.4f val %.4f best %.4f lr %.5f %.2fs\n", report.epoch, report.train_loss,
                report.validation_loss, report.best_loss, report.learning_rate, report.seconds);
    return {};
  };
  std::printf("%s\n", torch_library().description().c_str());
  const auto trained = torch_library().train(set, small_options(), {}, watch);
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_LT(trained->validation_loss, 0.9 * trained->level_loss);
  std::printf("level %.4f val %.4f train %.4f\n", trained->level_loss, trained->validation_loss, trained->train_loss);
}

}  // namespace
}  // namespace driftcast
