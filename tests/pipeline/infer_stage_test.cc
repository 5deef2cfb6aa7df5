// Infer as a stage: what it leaves when a window cannot be read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "core/hash.h"
#include "pipeline/stages.h"
#include "state/memory_store.h"
#include "tests/pipeline/support/faults.h"
#include "tests/pipeline/support/world.h"
#include "tests/support/counted_network.h"

namespace driftcast {
namespace {

using testing::ElementsAre;

Parcel steps_of(std::initializer_list<const char*> users) {
  Parcel parcel;
  for (const char* const user : users) {
    StepClosed& closed = parcel.steps.emplace_back();
    closed.user = user;
    closed.user_hash = hash64(user);
    closed.publish = true;
  }
  return parcel;
}

// Models whose network notes how it is used.
struct CountedSetup {
  const Settings settings = small_settings();
  const ModelSet inner = models_with_network(settings);
  const std::shared_ptr<CountedNetwork> network = std::make_shared<CountedNetwork>(*inner.network);
  const ModelSet models = with_network(inner, network, network->hash());
  const LaneSetup setup{settings, models};
};

// Parcels that are on their way through the graph when a store fails come to the stage afterwards. What was planned for
// the one that failed must not be done then: it points into a parcel that is gone.
TEST(InferStage, NothingOfAParcelThatFailedIsLeftForTheNextOne) {
  const CountedSetup counted;
  MemoryStore memory;
  FaultStore store(memory);
  InferLane lane(counted.setup, store, 0, 1 << 20);
  Parcel failing = steps_of({"ann", "bob"}), next = steps_of({"eve"});
  store.fuse.arm(2, Fault::kFailBefore);
  infer_stage(lane, failing);
  ASSERT_TRUE(failing.failure);
  infer_stage(lane, next);
  EXPECT_FALSE(next.failure);
  EXPECT_THAT(counted.network->replays, ElementsAre(1, 1)) << "each of its own parcel's user";
}

// A user's first step, two empty ones without a forecast, and one with it.
TEST(InferStage, SilenceWithoutAForecastIsNoRowAndNoStepOfTheNetwork) {
  const CountedSetup counted;
  MemoryStore store;
  InferLane lane(counted.setup, store, 0, 1 << 20);
  Parcel parcel = steps_of({"ann", "ann", "ann", "ann"});
  for (std::size_t i = 0; i < parcel.steps.size(); ++i) {
    parcel.steps[i].step = static_cast<Step>(i);
    parcel.steps[i].publish = i == 0 || i == 3;
  }
  infer_stage(lane, parcel);
  ASSERT_FALSE(parcel.failure);
  for (const StepClosed& closed : parcel.steps) EXPECT_EQ(closed.net.has_value(), closed.publish) << closed.step;
  EXPECT_THAT(counted.network->replays, ElementsAre(1));
  EXPECT_THAT(counted.network->steps, ElementsAre(1));
  const auto& rows = lane.windows.edit({"ann"}).value().state->rows;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].step, 0);
  EXPECT_EQ(rows[1].step, 3);
}

TEST(InferStage, AUserWithNothingButSilenceHasNoWindow) {
  const Settings settings = small_settings();
  const ModelSet models = models_with_network(settings);
  const LaneSetup setup{settings, models};
  MemoryStore store;
  InferLane lane(setup, store, 0, 1 << 20);
  Parcel parcel = steps_of({"ann", "bob"});
  parcel.steps[1].publish = false;
  infer_stage(lane, parcel);
  std::vector<Entry> entries;
  lane.windows.encode_dirty(1, entries);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].key, "ann");
}

}  // namespace
}  // namespace driftcast
