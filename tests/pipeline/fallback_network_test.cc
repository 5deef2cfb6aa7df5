// A device that fails. No GPU can be made to, so here it is the network on the CPU with faults of its own.
#include "pipeline/fallback_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "models/cpu_network.h"
#include "models/device_lost.h"
#include "pipeline/gathering_network.h"
#include "state/memory_store.h"
#include "tests/pipeline/support/world.h"
#include "tests/support/network_users.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::array kHorizons = {2, 5, 12};  // those of small_settings()

NetworkWeights weights() { return some_weights(8, 2, {2, 5, 12}); }
std::unique_ptr<Network> on_cpu() { return std::move(cpu_network(weights(), kHorizons)).value(); }

// Does its work `good` times; from then on it leaves rubbish and fails.
template <class Failure = DeviceLost>
class FailingNetwork final : public Network {
 public:
  FailingNetwork(int good, std::atomic<int>& calls) : good_(good), calls_(calls) {}

  std::size_t carried() const override { return network_->carried(); }
  std::uint64_t hash() const override { return network_->hash() + 1; }
  void step(std::span<const NetworkStep> users) const override {
    network_->step(users);
    if (calls_++ >= good_) fail(users);
  }
  void replay(std::span<const NetworkWindow> users) const override {
    network_->replay(users);
    if (calls_++ >= good_) fail(users);
  }

 private:
  template <class User>
  void fail(std::span<const User> users) const {
    for (const User& user : users) std::fill_n(user.carried, carried(), Half{0x7e00});  // NaN
    throw Failure("the device went away");
  }

  const std::unique_ptr<Network> network_ = on_cpu();
  const int good_;
  std::atomic<int>& calls_;
};

class FallbackNetworkTest : public testing::Test {
 protected:
  template <class Failure = DeviceLost>
  std::unique_ptr<FallbackNetwork> failing_after(int good) {
    return std::make_unique<FallbackNetwork>(std::make_unique<FailingNetwork<Failure>>(good, calls_), on_cpu(),
                                             [this](const std::string& why) { told_.push_back(why); });
  }

  // Users whose states are what so many steps make of them.
  static Users stepped(const Network& network, std::size_t steps) {
    Users users(network, 3);
    for (std::size_t t = 0; t < steps; ++t) step(network, some_rows(3, t), users);
    return users;
  }

  std::atomic<int> calls_{0};  // that the device saw
  std::vector<std::string> told_;
};

TEST_F(FallbackNetworkTest, TheDeviceServesWhileItWorks) {
  const auto network = failing_after(5);
  EXPECT_EQ(stepped(*network, 5).carried, stepped(*on_cpu(), 5).carried);
  EXPECT_EQ(calls_, 5);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(FallbackNetworkTest, TheCpuGoesOnFromTheVeryCallThatFailed) {
  const auto network = failing_after(2);
  const Users users = stepped(*network, 6), expected = stepped(*on_cpu(), 6);
  EXPECT_EQ(users.carried, expected.carried);
  for (std::size_t u = 0; u < 3; ++u) EXPECT_EQ(users.forecasts[u].volume, expected.forecasts[u].volume);
  EXPECT_EQ(calls_, 3) << "the device is not asked again";
  EXPECT_THAT(told_, ElementsAre("the device went away"));
}

TEST_F(FallbackNetworkTest, AReplayFallsBackToo) {
  const std::vector<std::vector<FeatureRow>> rows = {some_rows(4, 1), some_rows(1, 2)};
  const auto network = failing_after(0);
  const Users expected = replayed(*on_cpu(), rows);
  EXPECT_EQ(replayed(*network, rows).carried, expected.carried);
  EXPECT_EQ(replayed(*network, rows).carried, expected.carried);
  EXPECT_EQ(calls_, 1);
  EXPECT_THAT(told_, ElementsAre("the device went away"));
}

TEST_F(FallbackNetworkTest, AnyExceptionOfTheDeviceCounts) {
  const auto network = failing_after<std::out_of_range>(0);
  EXPECT_EQ(stepped(*network, 2).carried, stepped(*on_cpu(), 2).carried);
  EXPECT_THAT(told_, ElementsAre("the device went away"));
}

TEST_F(FallbackNetworkTest, TheHashIsTheCpusSoThatStatesAreNotRebuilt) {
  const auto network = failing_after(0);
  const std::uint64_t before = network->hash();
  stepped(*network, 1);
  EXPECT_EQ(before, on_cpu()->hash());
  EXPECT_EQ(network->hash(), before);
}

TEST_F(FallbackNetworkTest, LanesThatShareABatchAllFallBackAndOneOfThemTells) {
  constexpr int kLanes = 4;
  auto gathering = std::make_unique<GatheringNetwork>(std::make_unique<FailingNetwork<>>(3, calls_),
                                                      BatchOptions{.rows = 1000, .age = Duration{1}}, kLanes);
  const FallbackNetwork network(std::move(gathering), on_cpu(),
                                [this](const std::string& why) { told_.push_back(why); });
  const Users expected = stepped(*on_cpu(), 8);
  std::vector<Users> users(kLanes, Users(network, 0));
  std::vector<std::thread> threads;
  for (Users& of_lane : users) threads.emplace_back([&] { of_lane = stepped(network, 8); });
  for (std::thread& thread : threads) thread.join();
  for (const Users& of_lane : users) EXPECT_EQ(of_lane.carried, expected.carried);
  EXPECT_THAT(told_, ElementsAre("the device went away"));
}

// All that a job leaves, when its network is this one.
Outcome outcome_with(std::unique_ptr<Network> network, const Settings& settings) {
  constexpr int kPartitions = 3;
  MemoryLog log(kPartitions);
  MemoryStore store;
  append(log, make_input(1, 1500, kPartitions));
  EXPECT_TRUE(run_to_end(settings, log, store, models_with(std::move(network), weights())));
  return outcome_of(log, store);
}

TEST_F(FallbackNetworkTest, AJobThatLosesItsDeviceLeavesTheBytesOfOneOnTheCpu) {
  Settings settings = small_settings();
  const Outcome expected = outcome_with(on_cpu(), settings);
  settings.pipeline.threads = 4;
  settings.pipeline.source.slice = 7;
  auto gathering = std::make_unique<GatheringNetwork>(std::make_unique<FailingNetwork<>>(30, calls_),
                                                      BatchOptions{.rows = 3, .age = Duration{1}}, 4);
  auto network = std::make_unique<FallbackNetwork>(std::move(gathering), on_cpu(),
                                                   [this](const std::string& why) { told_.push_back(why); });
  EXPECT_EQ(difference(expected, outcome_with(std::move(network), settings)), "");
  EXPECT_THAT(told_, ElementsAre("the device went away"));
}

}  // namespace
}  // namespace driftcast
