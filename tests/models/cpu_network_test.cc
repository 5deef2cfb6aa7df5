#include "models/cpu_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "models/network_heads.h"
#include "tests/support/some_network.h"

namespace driftcast {
namespace {

using testing::HasSubstr;
using State = std::vector<Half>;

constexpr std::array kHorizons = {7, 14, 30};

std::vector<Instructions> all_instructions() {
  std::vector<Instructions> all = {Instructions::kPortable, Instructions::kAvx2, Instructions::kAvx512};
  std::erase_if(all, [](Instructions instructions) { return !has(instructions); });
  return all;
}

NetworkWeights some_weights(std::size_t hidden, std::size_t layers, std::uint64_t seed = 1) {
  return some_network(hidden, layers, {7, 14, 30}, seed);
}

std::unique_ptr<Network> network(const NetworkWeights& weights, Instructions instructions,
                                 std::span<const int> horizons = kHorizons) {
  return std::move(cpu_network(weights, horizons, instructions)).value();
}

// What a network leaves of a user.
struct Outcome {
  State carried;
  NetForecast forecast;

  friend bool operator==(const Outcome& a, const Outcome& b) {
    return a.carried == b.carried && a.forecast.volume == b.forecast.volume &&
           a.forecast.purchase == b.forecast.purchase && a.forecast.churn == b.forecast.churn &&
           a.forecast.shares == b.forecast.shares && a.forecast.available == b.forecast.available;
  }
};

using Windows = std::vector<std::vector<FeatureRow>>;

Windows some_windows(std::span<const std::size_t> lengths, std::uint64_t seed) {
  Windows windows;
  for (const std::size_t length : lengths) windows.push_back(some_rows(length, seed + windows.size()));
  return windows;
}

// One user after the other, row by row: nobody shares a batch.
std::vector<Outcome> one_by_one(const Network& network, const Windows& windows) {
  std::vector<Outcome> outcomes;
  for (const auto& rows : windows) {
    Outcome& outcome = outcomes.emplace_back(Outcome{State(network.carried()), {}});
    for (const FeatureRow& row : rows) {
      const NetworkStep step{&row, outcome.carried.data(), &outcome.forecast};
      network.step({&step, 1});
    }
  }
  return outcomes;
}

// All users side by side, in the order of `places`, step by step.
std::vector<Outcome> side_by_side(const Network& network, const Windows& windows, std::span<const std::size_t> places) {
  std::vector<Outcome> outcomes(windows.size(), Outcome{State(network.carried()), {}});
  for (std::size_t t = 0;; ++t) {
    std::vector<NetworkStep> steps;
    for (const std::size_t user : places) {
      if (t >= windows[user].size()) continue;
      steps.push_back({&windows[user][t], outcomes[user].carried.data(), &outcomes[user].forecast});
    }
    if (steps.empty()) return outcomes;
    network.step(steps);
  }
}

std::vector<Outcome> replayed(const Network& network, const Windows& windows, std::span<const std::size_t> places) {
  const State leftovers(network.carried(), Half{0x7e00});  // NaN: must not be read
  std::vector<Outcome> outcomes(windows.size(), Outcome{leftovers, {}});
  std::vector<NetworkWindow> users;
  for (const std::size_t user : places) {
    users.push_back({windows[user], outcomes[user].carried.data(), &outcomes[user].forecast});
  }
  network.replay(users);
  return outcomes;
}

std::vector<std::size_t> shuffled(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> places(count);
  std::iota(places.begin(), places.end(), 0);
  std::shuffle(places.begin(), places.end(), std::mt19937_64(seed));
  return places;
}

TEST(CpuNetwork, AUsersBitsDependNeitherOnInstructionsNorOnTheBatchNorOnThePlaceInIt) {
  const NetworkWeights weights = some_weights(40, 2);
  for (const std::size_t batch : {1U, 2U, 3U, 5U, 7U, 8U, 12U, 13U, 96U, 97U, 203U}) {
    const Windows windows = some_windows(std::vector<std::size_t>(batch, 3), batch);
    const auto expected = one_by_one(*network(weights, Instructions::kPortable), windows);
    for (const Instructions instructions : all_instructions()) {
      const auto fast = network(weights, instructions);
      ASSERT_EQ(one_by_one(*fast, windows), expected) << name(instructions) << ' ' << batch;
      ASSERT_EQ(side_by_side(*fast, windows, shuffled(batch, 1)), expected) << name(instructions) << ' ' << batch;
      ASSERT_EQ(replayed(*fast, windows, shuffled(batch, 2)), expected) << name(instructions) << ' ' << batch;
    }
  }
}

TEST(CpuNetwork, ANetworkOfTheUsualSizeHasTheSameBitsEverywhere) {
  const NetworkWeights weights = some_weights(128, 2);
  const Windows windows = some_windows(std::vector<std::size_t>(17, 12), 5);
  const auto expected = one_by_one(*network(weights, Instructions::kPortable), windows);
  for (const Instructions instructions : all_instructions()) {
    const auto fast = network(weights, instructions);
    EXPECT_EQ(side_by_side(*fast, windows, shuffled(windows.size(), 1)), expected) << name(instructions);
    EXPECT_EQ(replayed(*fast, windows, shuffled(windows.size(), 2)), expected) << name(instructions);
  }
}

TEST(CpuNetwork, WindowsOfAllLengthsReplayToTheStepsBits) {
  const NetworkWeights weights = some_weights(24, 3);
  const std::vector<std::size_t> lengths = {1, 1, 2, 3, 400, 30, 30, 31, 64, 385, 384, 5,  17, 1000, 29,
                                            7, 8, 9, 2, 90,  11, 12, 13, 14, 96,  97,  50, 51, 52,   6};
  const Windows windows = some_windows(lengths, 9);
  const auto expected = one_by_one(*network(weights, best_instructions()), windows);
  for (const Instructions instructions : all_instructions()) {
    ASSERT_EQ(replayed(*network(weights, instructions), windows, shuffled(windows.size(), 3)), expected)
        << name(instructions);
  }
}

RC_GTEST_PROP(CpuNetwork, AnySizesAndWindowsGiveTheSameBits, (std::uint64_t seed)) {
  const auto hidden = kHiddenUnit * *rc::gen::inRange<std::size_t>(1, 10);
  const auto layers = *rc::gen::inRange<std::size_t>(1, kMostLayers + 1);
  const auto lengths = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 12));
  const NetworkWeights weights = some_weights(hidden, layers, seed);
  const Windows windows = some_windows(lengths, seed);
  const auto expected = one_by_one(*network(weights, Instructions::kPortable), windows);
  for (const Instructions instructions : all_instructions()) {
    const auto fast = network(weights, instructions);
    RC_ASSERT(side_by_side(*fast, windows, shuffled(windows.size(), seed)) == expected);
    RC_ASSERT(replayed(*fast, windows, shuffled(windows.size(), seed)) == expected);
  }
}

// The formulas of models/network_weights.h in double precision, for one layer and user: `c` is replaced, h returned.
std::vector<double> textbook_layer(const LstmLayer& layer, const std::vector<double>& x, const std::vector<double>& h,
                                   std::vector<double>& c) {
  const std::size_t hidden = h.size();
  const auto sigmoid = [](double a) { return 1 / (1 + std::exp(-a)); };
  std::vector<double> a(layer.bias.begin(), layer.bias.end());
  for (std::size_t n = 0; n < a.size(); ++n) {
    for (std::size_t k = 0; k < x.size(); ++k) a[n] += static_cast<double>(layer.input[n * x.size() + k]) * x[k];
    for (std::size_t k = 0; k < hidden; ++k) a[n] += static_cast<double>(layer.recurrent[n * hidden + k]) * h[k];
  }
  std::vector<double> next(hidden);
  for (std::size_t u = 0; u < hidden; ++u) {
    c[u] = sigmoid(a[hidden + u]) * c[u] + sigmoid(a[u]) * std::tanh(a[2 * hidden + u]);
    next[u] = sigmoid(a[3 * hidden + u]) * std::tanh(c[u]);
  }
  return next;
}

std::vector<double> doubles(std::span<const Half> halves) {
  std::vector<double> values;
  for (const Half half : halves) values.push_back(static_cast<double>(to_float(half)));
  return values;
}

std::vector<double> normalised(const NetworkWeights& weights, const FeatureRow& as_it_is) {
  const FeatureRow row = relative(as_it_is);
  std::vector<double> x;
  for (std::size_t f = 0; f < kFeatures; ++f) {
    const double value =
        (static_cast<double>(row[f]) - static_cast<double>(weights.mean[f])) * static_cast<double>(weights.scale[f]);
    x.push_back(std::clamp(value, -static_cast<double>(kLargestInput), static_cast<double>(kLargestInput)));
  }
  return x;
}

// Whether the halves are these numbers, give or take a relative 2^-11 for the rounding and 1e-5.
void expect_near(std::span<const Half> halves, const std::vector<double>& exact) {
  for (std::size_t i = 0; i < exact.size(); ++i) {
    ASSERT_NEAR(static_cast<double>(to_float(halves[i])), exact[i], 0x1p-11 * std::abs(exact[i]) + 1e-5) << i;
  }
}

// State and forecast after a row, held against the formulas layer by layer, each from what the layer below has shown.
void expect_textbook(const NetworkWeights& weights, const FeatureRow& row, const State& before, const Outcome& after) {
  const std::size_t hidden = weights.hidden;
  std::vector<double> x = normalised(weights, row);
  for (std::size_t l = 0; l < weights.layers.size(); ++l) {
    const std::span old = std::span(before).subspan(2 * l * hidden, 2 * hidden);
    const std::span now = std::span(after.carried).subspan(2 * l * hidden, 2 * hidden);
    std::vector<double> c = doubles(old.subspan(hidden));
    const std::vector<double> h = textbook_layer(weights.layers[l], x, doubles(old.first(hidden)), c);
    expect_near(now.subspan(hidden), c);
    for (std::size_t u = 0; u < hidden; ++u) {  // h has seen the rounded c
      const double slack = std::abs(static_cast<double>(to_float(now[hidden + u])) - c[u]);
      ASSERT_NEAR(static_cast<double>(to_float(now[u])), h[u], slack + 0x1p-11 * std::abs(h[u]) + 1e-5);
    }
    x = doubles(now.first(hidden));
  }
  std::vector<double> inputs = x;
  for (const double value : normalised(weights, row)) inputs.push_back(value);
  const auto output = [&](std::size_t n) {
    double sum = static_cast<double>(weights.head_bias[n]);
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      sum += static_cast<double>(weights.head[n * inputs.size() + k]) * inputs[k];
    }
    return sum;
  };
  for (std::size_t slot = 0; slot < kHorizons.size(); ++slot) {
    const std::size_t first = slot * kHeadOutputs;
    const double volume = head_volume(output(first + kHeadVolume), row, kHorizons[slot]);
    ASSERT_NEAR(static_cast<double>(after.forecast.volume[slot]), volume, 1e-5 * volume);
    ASSERT_NEAR(after.forecast.purchase[slot], head_probability(output(first + kHeadPurchase)), 1e-5);
    ASSERT_NEAR(after.forecast.churn[slot], head_probability(output(first + kHeadChurn)), 1e-5);
  }
  for (std::size_t i = 0; i <= kRankSlots; ++i) ASSERT_NEAR(after.forecast.shares[i], output(kHeadShares + i), 1e-5);
}

TEST(CpuNetwork, EveryStepIsWhatTheTextbooksFormulasSay) {
  const NetworkWeights weights = some_weights(128, 2);
  const auto portable = network(weights, Instructions::kPortable);
  Outcome user{State(portable->carried()), {}};
  for (const FeatureRow& row : some_rows(40, 8)) {
    const State before = user.carried;
    const NetworkStep step{&row, user.carried.data(), &user.forecast};
    portable->step({&step, 1});
    ASSERT_NO_FATAL_FAILURE(expect_textbook(weights, row, before, user));
  }
}

TEST(CpuNetwork, AFreshNetworkForecastsTheLevel) {
  const auto fresh = network(fresh_network(16, 2, {7, 14, 30}, 1), best_instructions());
  FeatureRow row{};
  at(row, Feature::kLevelMedium) = std::log1p(3.0F);
  at(row, Feature::kLevelSlow) = std::log1p(2.0F);
  const Outcome user = one_by_one(*fresh, {{row}})[0];
  for (std::size_t slot = 0; slot < kHorizons.size(); ++slot) {
    EXPECT_NEAR(user.forecast.volume[slot], 3 * kHorizons[slot], 1e-5 * 3 * kHorizons[slot]);
  }
  EXPECT_FALSE(user.forecast.purchases);
}

TEST(CpuNetwork, ForecastsAreForTheConfigurationsHorizonsThatTheNetworkKnows) {
  const NetworkWeights weights = some_weights(16, 1);
  const Windows windows = some_windows(std::array<std::size_t, 1>{4}, 1);
  const std::array others = {1, 30, 7};
  const NetForecast known = one_by_one(*network(weights, best_instructions()), windows)[0].forecast;
  const NetForecast forecast = one_by_one(*network(weights, best_instructions(), others), windows)[0].forecast;
  EXPECT_EQ(forecast.available, 0b110);
  EXPECT_EQ(forecast.volume, (std::array<float, kHorizonSlots>{0, known.volume[2], known.volume[0], 0}));
  EXPECT_EQ(forecast.purchase, (std::array<float, kHorizonSlots>{0, known.purchase[2], known.purchase[0], 0}));
}

TEST(CpuNetwork, AForecastThatNobodyWantsChangesNothing) {
  const auto some = network(some_weights(16, 2), best_instructions());
  const std::vector<FeatureRow> rows = some_rows(9, 4);
  std::vector<Outcome> all(rows.size(), Outcome{State(some->carried()), {}}), odd = all;
  std::vector<NetworkStep> steps, fewer;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    steps.push_back({&rows[i], all[i].carried.data(), &all[i].forecast});
    fewer.push_back({&rows[i], odd[i].carried.data(), i % 2 == 1 ? &odd[i].forecast : nullptr});
  }
  some->step(steps);
  some->step(fewer);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(odd[i].carried, all[i].carried);
    EXPECT_EQ(odd[i].forecast.volume == all[i].forecast.volume, i % 2 == 1);
  }
}

TEST(CpuNetwork, RowsWithoutNumbersLeaveAStateOfNumbers) {
  NetworkWeights weights = some_weights(16, 2);
  weights.mean[static_cast<std::size_t>(Feature::kLevelSlow)] = 0;  // so that the mean is itself also as a row
  std::vector<FeatureRow> rows(5);
  rows[0].fill(std::numeric_limits<float>::quiet_NaN());
  rows[1].fill(std::numeric_limits<float>::infinity());
  rows[2].fill(-std::numeric_limits<float>::infinity());
  rows[3].fill(3e38F);
  rows[4].fill(1e-45F);
  const Windows windows = {{weights.mean}, {rows[0]}, rows};
  std::vector<std::vector<Outcome>> seen;
  for (const Instructions instructions : all_instructions()) {
    const auto outcomes = seen.emplace_back(one_by_one(*network(weights, instructions), windows));
    EXPECT_EQ(outcomes[1].carried, outcomes[0].carried);  // NaN counts as the mean
    for (const Half half : outcomes[2].carried) ASSERT_TRUE(std::isfinite(to_float(half)));
    for (const float volume : outcomes[2].forecast.volume) ASSERT_TRUE(std::isfinite(volume));
    EXPECT_EQ(outcomes, seen[0]) << name(instructions);
  }
}

TEST(CpuNetwork, WeightsBeyondAllMeasureLeaveAStateOfNumbers) {
  NetworkWeights weights = some_weights(16, 1);
  for (std::size_t i = 0; i < weights.layers[0].input.size(); ++i) {
    weights.layers[0].input[i] = i % 3 == 0 ? 3e38F : -3e38F;
  }
  const Windows windows = some_windows(std::array<std::size_t, 2>{20, 5}, 1);
  const auto expected = one_by_one(*network(weights, Instructions::kPortable), windows);
  for (const Outcome& outcome : expected) {
    for (const Half half : outcome.carried) ASSERT_TRUE(std::isfinite(to_float(half)));
  }
  for (const Instructions instructions : all_instructions()) {
    EXPECT_EQ(replayed(*network(weights, instructions), windows, shuffled(2, 1)), expected) << name(instructions);
  }
}

std::unique_ptr<Network> bfloat_network(const NetworkWeights& weights) {
  return std::move(cpu_network(weights, kHorizons, best_instructions(), Precision::kBfloat16)).value();
}

TEST(CpuNetworkInBfloat16, AUsersBitsDependNeitherOnTheBatchNorOnThePlaceInIt) {
  for (const std::size_t hidden : {8U, 40U}) {
    const auto network = bfloat_network(some_weights(hidden, 2));
    for (const std::size_t batch : {1U, 3U, 17U, 49U}) {
      const Windows windows = some_windows(std::vector<std::size_t>(batch, 4), batch);
      const auto expected = one_by_one(*network, windows);
      ASSERT_EQ(side_by_side(*network, windows, shuffled(batch, 1)), expected) << hidden << ' ' << batch;
      ASSERT_EQ(replayed(*network, windows, shuffled(batch, 2)), expected) << hidden << ' ' << batch;
    }
  }
}

TEST(CpuNetworkInBfloat16, SaysNearlyWhatTheNetworkInFloat32Says) {
  const NetworkWeights weights = some_weights(40, 2);
  const Windows windows = some_windows(std::vector<std::size_t>(20, 10), 3);
  const auto exact = one_by_one(*network(weights, best_instructions()), windows);
  const auto coarse = one_by_one(*bfloat_network(weights), windows);
  double largest = 0;
  for (std::size_t u = 0; u < windows.size(); ++u) {
    for (std::size_t i = 0; i < exact[u].carried.size(); ++i) {
      const float off = to_float(exact[u].carried[i]) - to_float(coarse[u].carried[i]);
      largest = std::max(largest, static_cast<double>(std::abs(off)));
    }
  }
  EXPECT_GT(largest, 1e-4) << "it is no other precision";
  EXPECT_LT(largest, 0.2);
}

// A carried state of one is not taken for the other's.
TEST(CpuNetworkInBfloat16, HasAHashOfItsOwn) {
  const NetworkWeights weights = some_weights(8, 1);
  EXPECT_NE(bfloat_network(weights)->hash(), network(weights, best_instructions())->hash());
}

TEST(CpuNetwork, AnEmptyBatchIsNothingToDo) {
  for (const Instructions instructions : all_instructions()) {
    const auto some = network(some_weights(16, 2), instructions);
    some->step({});
    some->replay({});
    EXPECT_EQ(some->carried(), 64U);
  }
}

TEST(CpuNetwork, ThreadsShareANetwork) {
  const NetworkWeights weights = some_weights(32, 2);
  const auto shared = network(weights, best_instructions());
  const Windows windows = some_windows(std::vector<std::size_t>(30, 10), 1);
  const auto expected = one_by_one(*shared, windows);
  std::array<std::vector<Outcome>, 4> seen;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    threads.emplace_back([&, i] {
      const auto places = shuffled(windows.size(), i);
      seen[i] = i % 2 == 0 ? replayed(*shared, windows, places) : side_by_side(*shared, windows, places);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& outcomes : seen) EXPECT_EQ(outcomes, expected);
}

TEST(CpuNetwork, TheHashIsOfTheWeightsAndTheHorizonsAlone) {
  const NetworkWeights weights = some_weights(16, 1);
  const std::uint64_t hash = network(weights, Instructions::kPortable)->hash();
  for (const Instructions instructions : all_instructions()) EXPECT_EQ(network(weights, instructions)->hash(), hash);
  EXPECT_NE(network(some_weights(16, 1, 2), Instructions::kPortable)->hash(), hash);
  EXPECT_NE(network(weights, Instructions::kPortable, std::array{7, 14})->hash(), hash);
}

TEST(CpuNetwork, WeightsWithAFaultAreRefusedWithIt) {
  NetworkWeights weights = some_weights(16, 1);
  weights.head.resize(10);
  const auto refused = cpu_network(weights, kHorizons);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kData);
  EXPECT_THAT(refused.error().message, HasSubstr("head has 10 numbers; 3 horizons of 13 outputs of 40 inputs each"));
}

TEST(CpuNetwork, TheBestInstructionsAreThere) {
  EXPECT_TRUE(has(best_instructions()));
  EXPECT_TRUE(has(Instructions::kPortable));
}

}  // namespace
}  // namespace driftcast
