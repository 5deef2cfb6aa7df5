// The network on a CPU against LibTorch's.
//
// Both round h and c to half after each step. Their sums differ in the last bits, so a value that falls near the middle
// between two halves may become either. From the same state and inputs a step's c therefore differs by one half at most,
// h, which sees that c, by two; or by 2e-6 where halves lie closer together than floats differ. A layer above one whose
// h came out different is held to 1e-3. Forecasts are compared where the last h came out the same: to 1e-5 of their size.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "models/cpu_network.h"
#include "tests/support/network_users.h"
#include "tests/torch/support/library.h"

namespace driftcast {
namespace {

constexpr std::array kHorizons = {7, 14, 30};  // 14 is unknown to the weights

std::unique_ptr<Network> ours(const NetworkWeights& weights) {
  return std::move(cpu_network(weights, kHorizons)).value();
}

std::unique_ptr<Network> torchs(const NetworkWeights& weights, std::span<const int> horizons = kHorizons) {
  return std::move(torch_library().network(weights, horizons, "cpu")).value();
}

void expect_near(double a, double b) { EXPECT_NEAR(a, b, 1e-5 * (1 + std::abs(b))); }

void expect_same_forecast(const NetForecast& a, const NetForecast& b) {
  EXPECT_EQ(a.available, b.available);
  EXPECT_EQ(a.purchases, b.purchases);
  for (std::size_t s = 0; s < kHorizonSlots; ++s) {
    expect_near(a.volume[s], b.volume[s]);
    expect_near(a.purchase[s], b.purchase[s]);
    expect_near(a.churn[s], b.churn[s]);
  }
  for (std::size_t i = 0; i < a.shares.size(); ++i) expect_near(a.shares[i], b.shares[i]);
}

// Compares the state of one user by the rule above; true where the last h is the same.
bool expect_same_state(std::span<const Half> a, std::span<const Half> b, std::size_t hidden) {
  bool same = true;
  for (std::size_t layer = 0; layer < a.size(); layer += 2 * hidden) {
    for (std::size_t i = layer; i < layer + 2 * hidden; ++i) {
      const int halves = i < layer + hidden ? 2 : 1;
      const float difference = std::abs(to_float(a[i]) - to_float(b[i]));
      EXPECT_TRUE((same && halves_between(a[i], b[i]) <= halves) || difference <= (same ? 2e-6F : 1e-3F))
          << i << ": " << to_float(a[i]) << " against " << to_float(b[i]);
    }
    same = std::ranges::equal(a.subspan(layer, hidden), b.subspan(layer, hidden));
  }
  return same;
}

TEST(TorchNetwork, StepsAsTheNetworkOnTheCpuDoes) {
  constexpr std::size_t kUsers = 50, kHidden = 32;
  const NetworkWeights weights = some_weights(kHidden, 2);
  const auto cpu = ours(weights), torch = torchs(weights);
  ASSERT_EQ(torch->carried(), cpu->carried());
  Users carried(*cpu, kUsers);
  std::size_t compared = 0;
  for (std::size_t t = 0; t < 10; ++t) {
    const auto rows = some_rows(kUsers, t);
    Users other = carried;
    step(*cpu, rows, carried);
    step(*torch, rows, other);
    for (std::size_t u = 0; u < kUsers; ++u) {
      if (!expect_same_state(carried.of(u), other.of(u), kHidden)) continue;
      expect_same_forecast(carried.forecasts[u], other.forecasts[u]);
      ++compared;
    }
  }
  EXPECT_GT(compared, 10 * kUsers / 2);
}

TEST(TorchNetwork, ReplaysWindowsOfAllLengthsAsTheNetworkOnTheCpuDoes) {
  const NetworkWeights weights = some_weights(64, 2);
  const auto cpu = ours(weights), torch = torchs(weights);
  std::vector<std::vector<FeatureRow>> rows;
  for (const std::size_t length : {3U, 30U, 1U, 17U, 30U, 8U}) rows.push_back(some_rows(length, 100 + rows.size()));
  const Users a = replayed(*cpu, rows), b = replayed(*torch, rows);
  for (std::size_t u = 0; u < rows.size(); ++u) {
    EXPECT_LT(largest_difference(a.of(u), b.of(u)), 4e-3) << u;
    EXPECT_NEAR(a.forecasts[u].purchase[0], b.forecasts[u].purchase[0], 1e-3) << u;
  }
}

TEST(TorchNetwork, SplitsACrowdThatIsTooLargeForOneBatch) {
  const NetworkWeights weights = some_weights(8, 1);
  const auto torch = torchs(weights);
  const auto rows = some_rows(9000, 3);
  Users together(*torch, rows.size()), alone(*torch, rows.size());
  step(*torch, rows, together);
  for (const std::size_t u : {0U, 4095U, 4096U, 8192U, 8999U}) {
    NetworkStep one{&rows[u], alone.carried.data() + u * torch->carried(), &alone.forecasts[u]};
    torch->step({&one, 1});
    expect_same_state(together.of(u), alone.of(u), 8);
    EXPECT_EQ(together.forecasts[u].available, alone.forecasts[u].available);
  }
}

TEST(TorchNetwork, CountsFeaturesThatAreNoNumbersAsTheNetworkOnTheCpuDoes) {
  const NetworkWeights weights = some_weights(16, 1);
  const auto cpu = ours(weights), torch = torchs(weights);
  std::vector<FeatureRow> rows = some_rows(3, 9);
  rows[0][2] = std::numeric_limits<float>::quiet_NaN();
  rows[1][3] = std::numeric_limits<float>::infinity();
  rows[2][4] = -std::numeric_limits<float>::infinity();
  Users a(*cpu, 3), b(*torch, 3);
  step(*cpu, rows, a);
  step(*torch, rows, b);
  for (std::size_t u = 0; u < 3; ++u) expect_same_state(a.of(u), b.of(u), 16);
}

TEST(TorchNetwork, HasAHashThatDiffersByWeightsAndHorizons) {
  NetworkWeights weights = some_weights(8, 1);
  const auto first = torchs(weights)->hash();
  EXPECT_EQ(torchs(weights)->hash(), first);
  constexpr std::array kOthers = {1, 7};
  EXPECT_NE(torchs(weights, kOthers)->hash(), first);
  EXPECT_NE(ours(weights)->hash(), first);
  weights.head[3] += 1;
  EXPECT_NE(torchs(weights)->hash(), first);
}

TEST(TorchNetwork, RefusesWeightsWithAFaultAndDevicesThatAreNotThere) {
  NetworkWeights weights = some_weights(8, 1);
  const auto on_tpu = torch_library().network(weights, kHorizons, "tpu");
  ASSERT_FALSE(on_tpu);
  EXPECT_EQ(on_tpu.error().code, ErrorCode::kConfig);
  if (!torch_library().has_cuda()) {
    const auto on_cuda = torch_library().network(weights, kHorizons, "cuda");
    ASSERT_FALSE(on_cuda);
    EXPECT_EQ(on_cuda.error().code, ErrorCode::kConfig);
  }
  weights.head.pop_back();
  const auto faulty = torch_library().network(weights, kHorizons, "cpu");
  ASSERT_FALSE(faulty);
  EXPECT_EQ(faulty.error().code, ErrorCode::kData);
}

}  // namespace
}  // namespace driftcast
