// Lanes that share batches. The network behind is the CPU's, whose bits show whether everybody got what is theirs.
#include "pipeline/gathering_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "models/cpu_network.h"
#include "models/device_lost.h"
#include "tests/support/network_users.h"

namespace driftcast {
namespace {

using testing::ElementsAre;

constexpr std::array kHorizons = {1, 7};
constexpr Duration kLong{1'000'000};  // no test waits for it

std::unique_ptr<Network> on_cpu() { return std::move(cpu_network(some_weights(8, 1), kHorizons)).value(); }

// Passes steps on, and knows how they came.
class Watched final : public Network {
 public:
  struct Seen {
    std::mutex mutex;
    std::condition_variable more;
    std::vector<std::size_t> batches;  // rows
    int now = 0, most_at_once = 0;
  };
  using Before = std::function<void(Seen&, std::unique_lock<std::mutex>&)>;

  explicit Watched(Seen& seen, Before before = nullptr) : seen_(seen), before_(std::move(before)) {}

  std::size_t carried() const override { return network_->carried(); }
  std::uint64_t hash() const override { return network_->hash(); }
  void step(std::span<const NetworkStep> users) const override {
    const Entered entered(seen_, users.size());
    if (std::unique_lock lock(seen_.mutex); before_) before_(seen_, lock);
    network_->step(users);
  }
  void replay(std::span<const NetworkWindow> users) const override { network_->replay(users); }

 private:
  struct Entered {
    Entered(Seen& to, std::size_t rows) : seen(to) {
      const std::lock_guard lock(seen.mutex);
      seen.batches.push_back(rows);
      seen.most_at_once = std::max(seen.most_at_once, ++seen.now);
      seen.more.notify_all();
    }
    ~Entered() {
      const std::lock_guard lock(seen.mutex);
      --seen.now;
    }
    Seen& seen;
  };

  const std::unique_ptr<Network> network_ = on_cpu();
  Seen& seen_;
  Before before_;
};

// A lane's users, and the rounds it takes.
struct Lane {
  std::vector<std::vector<FeatureRow>> rounds;
  Users users;

  Lane(const Network& network, std::size_t count, std::size_t rounds_to_take, std::uint64_t seed)
      : users(network, count) {
    for (std::size_t r = 0; r < rounds_to_take; ++r) rounds.push_back(some_rows(count, 100 * seed + r));
  }
  void run(const Network& network) {
    for (const auto& rows : rounds) step(network, rows, users);
  }
};

void run_together(const Network& network, std::span<Lane> lanes) {
  std::vector<std::thread> threads;
  for (Lane& lane : lanes) threads.emplace_back([&network, &lane] { lane.run(network); });
  for (std::thread& thread : threads) thread.join();
}

// Whether every lane has what it would have got from the network on the CPU, bit for bit.
bool all_as_alone(std::span<const Lane> lanes) {
  const auto network = on_cpu();
  return std::ranges::all_of(lanes, [&](const Lane& lane) {
    Lane alone = lane;
    alone.users = Users(*network, lane.users.forecasts.size());
    alone.run(*network);
    return lane.users.carried == alone.users.carried &&
           std::ranges::equal(lane.users.forecasts, alone.users.forecasts, [](const auto& a, const auto& b) {
             return a.volume == b.volume && a.shares == b.shares && a.churn == b.churn && a.available == b.available;
           });
  });
}

TEST(GatheringNetwork, RunsOneBatchWhenEverybodyIsThere) {
  Watched::Seen seen;
  const GatheringNetwork network(std::make_unique<Watched>(seen), {.rows = 1000, .age = kLong}, 3);
  std::vector<Lane> lanes = {Lane(network, 2, 1, 1), Lane(network, 5, 1, 2), Lane(network, 1, 1, 3)};
  run_together(network, lanes);
  EXPECT_THAT(seen.batches, ElementsAre(8));
  EXPECT_TRUE(all_as_alone(lanes));
}

TEST(GatheringNetwork, RunsAFullBatchWithoutTheOthers) {
  Watched::Seen seen;
  const GatheringNetwork network(std::make_unique<Watched>(seen), {.rows = 4, .age = kLong}, 100);
  std::vector<Lane> lanes = {Lane(network, 4, 3, 1)};
  run_together(network, lanes);
  EXPECT_THAT(seen.batches, ElementsAre(4, 4, 4));
  EXPECT_TRUE(all_as_alone(lanes));
}

TEST(GatheringNetwork, DoesNotWaitLongForCallersThatDoNotCome) {
  Watched::Seen seen;
  const GatheringNetwork network(std::make_unique<Watched>(seen), {.rows = 1000, .age = Duration{1}}, 100);
  std::vector<Lane> lanes = {Lane(network, 2, 3, 1)};
  run_together(network, lanes);
  EXPECT_THAT(seen.batches, ElementsAre(2, 2, 2));
  EXPECT_TRUE(all_as_alone(lanes));
}

TEST(GatheringNetwork, NeverWaitsWithOneThread) {
  Watched::Seen seen;
  const GatheringNetwork network(std::make_unique<Watched>(seen), {.rows = 1000, .age = kLong}, 1);
  std::vector<Lane> lanes = {Lane(network, 2, 3, 1)};
  run_together(network, lanes);
  EXPECT_THAT(seen.batches, ElementsAre(2, 2, 2));
}

TEST(GatheringNetwork, HasTwoBatchesUnderWayAndGathersTheRestMeanwhile) {
  Watched::Seen seen;
  int came = 0;  // guarded by seen.mutex
  // Ends only when all six lanes have called and a second batch is under way.
  const auto until_all_came = [&](Watched::Seen& now, std::unique_lock<std::mutex>& lock) {
    now.more.wait_for(lock, std::chrono::seconds{30}, [&] { return came == 6 && now.most_at_once > 1; });
  };
  const GatheringNetwork network(std::make_unique<Watched>(seen, until_all_came), {.rows = 1, .age = kLong}, 6);
  std::vector<Lane> lanes;
  for (std::uint64_t seed = 0; seed < 6; ++seed) lanes.emplace_back(network, 1, 1, seed);
  std::vector<std::thread> threads;
  for (Lane& lane : lanes) {
    threads.emplace_back([&] {
      {
        const std::lock_guard lock(seen.mutex);
        ++came;
        seen.more.notify_all();
      }
      lane.run(network);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(seen.most_at_once, 2);
  EXPECT_TRUE(all_as_alone(lanes));
}

TEST(GatheringNetwork, TellsEveryCallerWhatWentWrongAndWorksOn) {
  Watched::Seen seen;
  const auto first_fails = [](Watched::Seen& now, std::unique_lock<std::mutex>&) {
    if (now.batches.size() == 1) throw DeviceLost("gone");
  };
  const GatheringNetwork network(std::make_unique<Watched>(seen, first_fails), {.rows = 1000, .age = kLong}, 3);
  std::vector<Lane> lanes = {Lane(network, 1, 1, 1), Lane(network, 1, 1, 2), Lane(network, 1, 1, 3)};
  std::vector<std::string> told(lanes.size());
  std::vector<std::thread> threads;
  for (std::size_t l = 0; l < lanes.size(); ++l) {
    threads.emplace_back([&, l] {
      try {
        lanes[l].run(network);
      } catch (const DeviceLost& lost) {
        told[l] = lost.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(told, ElementsAre("gone", "gone", "gone"));
  run_together(network, lanes);
  EXPECT_THAT(seen.batches, ElementsAre(3, 3));
}

TEST(GatheringNetwork, AsksForNothingWithoutUsers) {
  Watched::Seen seen;
  const GatheringNetwork network(std::make_unique<Watched>(seen), {.rows = 1, .age = kLong}, 2);
  network.step({});
  EXPECT_THAT(seen.batches, ElementsAre());
}

RC_GTEST_PROP(GatheringNetwork, GivesEveryLaneWhatItWouldHaveGotAlone, ()) {
  const BatchOptions limits{*rc::gen::inRange(1, 40), Duration{*rc::gen::inRange(0, 3)}};
  const int threads = *rc::gen::inRange(1, 8);
  const std::size_t count = *rc::gen::inRange<std::size_t>(1, 7);
  Watched::Seen seen;
  const GatheringNetwork network(std::make_unique<Watched>(seen), limits, threads);
  std::vector<Lane> lanes;
  for (std::uint64_t seed = 0; seed < count; ++seed)
    lanes.emplace_back(network, 1 + seed * 2, 1 + (seed * 3) % 7, seed);
  run_together(network, lanes);
  RC_ASSERT(all_as_alone(lanes));
  RC_ASSERT(seen.most_at_once <= 2);
}

}  // namespace
}  // namespace driftcast
