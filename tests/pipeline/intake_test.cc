// Intake: who works next, when an epoch ends, and that nothing grows while one is being committed.
#include "pipeline/intake.h"

#include <gtest/gtest.h>

#include "pipeline/instance.h"
#include "state/memory_store.h"
#include "tests/pipeline/support/world.h"

namespace driftcast {
namespace {

constexpr int kPartitions = 2;

class IntakeTest : public testing::Test {
 protected:
  IntakeTest() { append(log_, make_input(3, 400, kPartitions)); }

  void open(const Settings& settings) {
    settings_ = settings;
    settings_.pipeline.source.slice = 3;
    auto opened = Assembly::open(settings_, default_models(), log_, store_, clock_, 11);
    ASSERT_TRUE(opened) << opened.error().message;
    assembly_ = std::move(*opened);
  }
  Intake& intake() { return assembly_->intake(); }

  // The next parcel, taken as done; an absent one is nullptr.
  std::unique_ptr<Parcel> next(std::int64_t now_ms, bool may_end_epoch, std::size_t output_bytes = 0) {
    auto parcel = intake().next(now_ms, may_end_epoch);
    EXPECT_TRUE(parcel) << parcel.error().message;
    if (*parcel == nullptr) return nullptr;
    (*parcel)->lane->fold.backlog = 0;
    intake().returned(*(*parcel)->lane, output_bytes);
    return std::move(*parcel);
  }
  void pass_first_epoch() {
    for (int p = 0; p < kPartitions; ++p) ASSERT_NE(next(0, true)->marker, nullptr);
  }

  MemoryLog log_{kPartitions};
  MemoryStore store_;
  TickingClock clock_;
  Settings settings_;
  std::unique_ptr<Assembly> assembly_;
};

TEST_F(IntakeTest, BeginsWithAnEpochThatFixesWhereItBegan) {
  open(small_settings());
  for (int p = 0; p < kPartitions; ++p) {
    const auto parcel = next(0, true);
    ASSERT_NE(parcel->marker, nullptr);
    EXPECT_TRUE(parcel->marker->ship);
    EXPECT_EQ(parcel->input, nullptr);
  }
  EXPECT_EQ(next(0, true)->marker, nullptr);
}

TEST_F(IntakeTest, TakesTheLanesInTurn) {
  open(small_settings());
  pass_first_epoch();
  const auto first = next(0, true);
  const auto second = next(0, true);
  EXPECT_NE(first->lane, second->lane);
}

TEST_F(IntakeTest, AFullLaneIsPassedOver) {
  open(small_settings());
  pass_first_epoch();
  std::vector<std::unique_ptr<Parcel>> on_their_way;
  for (int i = 0; i < 100; ++i) {
    auto parcel = intake().next(0, false);
    ASSERT_TRUE(parcel);
    if (*parcel == nullptr) break;
    on_their_way.push_back(std::move(*parcel));
  }
  EXPECT_LE(on_their_way.size(), 2U * kPartitions);
  intake().returned(*on_their_way.front()->lane, 0);
  on_their_way.front()->lane->fold.backlog = 0;
  const auto freed = next(0, false);
  ASSERT_NE(freed, nullptr);
  EXPECT_EQ(freed->lane, on_their_way.front()->lane);
}

TEST_F(IntakeTest, AnEpochEndsByTimeOrByBytesButNotWhileOneIsBeingCommitted) {
  Settings settings = small_settings();
  settings.pipeline.epoch.interval = std::chrono::milliseconds(100);
  settings.pipeline.epoch.bytes = 1000;
  open(settings);
  pass_first_epoch();
  EXPECT_EQ(next(0, true)->marker, nullptr);
  EXPECT_EQ(next(99, true)->marker, nullptr);
  EXPECT_EQ(next(100, false)->marker, nullptr);
  EXPECT_NE(next(100, true)->marker, nullptr);
  EXPECT_NE(next(100, true)->marker, nullptr);
  EXPECT_EQ(next(100, true, 999)->marker, nullptr);
  EXPECT_EQ(next(100, true, 1)->marker, nullptr);
  EXPECT_NE(next(100, true)->marker, nullptr);
}

TEST_F(IntakeTest, WaitsForTheCommitBeforeOnceAnEpochIsFarBeyondItsBounds) {
  Settings settings = small_settings();
  settings.pipeline.epoch.bytes = 1000;
  open(settings);
  pass_first_epoch();
  ASSERT_NE(next(0, false, 17 << 20), nullptr);
  EXPECT_EQ(next(0, false), nullptr);
  const auto marker = next(0, true);
  ASSERT_NE(marker, nullptr);
  EXPECT_NE(marker->marker, nullptr);
}

TEST_F(IntakeTest, AStopEndsWithAnEpochThatShipsEverything) {
  open(small_settings());
  pass_first_epoch();
  intake().stop();
  for (int p = 0; p < kPartitions; ++p) {
    const auto parcel = next(0, true);
    ASSERT_NE(parcel, nullptr);
    ASSERT_NE(parcel->marker, nullptr);
    EXPECT_TRUE(parcel->marker->ship);
  }
  EXPECT_TRUE(intake().last_epoch_sent());
  EXPECT_EQ(next(0, true), nullptr);
}

}  // namespace
}  // namespace driftcast
