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

// Parcels that are on their way through the graph when a store fails come to the stage afterwards. What was planned for
// the one that failed must not be done then: it points into a parcel that is gone.
TEST(InferStage, NothingOfAParcelThatFailedIsLeftForTheNextOne) {
  const Settings settings = small_settings();
  ModelSet models = models_with_network(settings);
  const auto network = models.network;
  const auto counted = std::make_shared<CountedNetwork>(*network);
  models.network = counted;
  const LaneSetup setup{settings, models};
  MemoryStore memory;
  FaultStore store(memory);
  InferLane lane(setup, store, 0, 1 << 20);
  Parcel failing = steps_of({"ann", "bob"}), next = steps_of({"eve"});
  store.fuse.arm(2, Fault::kFailBefore);
  infer_stage(lane, failing);
  ASSERT_TRUE(failing.failure);
  infer_stage(lane, next);
  EXPECT_FALSE(next.failure);
  EXPECT_THAT(counted->replays, ElementsAre(1, 1)) << "each of its own parcel's user";
}

}  // namespace
}  // namespace driftcast
