// One step of one layer against LibTorch's own nn::LSTM, which rounds nothing: our h and c are its, rounded to half.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <array>

#include "models/cpu_network.h"
#include "tests/support/network_users.h"
#include "tests/torch/support/library.h"

namespace driftcast {
namespace {

constexpr std::array kHorizons = {7};

// h [H] and c [H] of each user: [users, 2H].
at::Tensor step_of_nn_lstm(const NetworkWeights& weights, std::vector<FeatureRow> rows) {
  for (FeatureRow& row : rows) row = relative(row);
  const torch::NoGradGuard guard;
  const auto hidden = static_cast<std::int64_t>(weights.hidden), features = static_cast<std::int64_t>(kFeatures);
  const auto view = [](const float* numbers, at::IntArrayRef shape) {
    return at::from_blob(const_cast<float*>(numbers), shape, at::kFloat);
  };
  torch::nn::LSTM lstm(torch::nn::LSTMOptions(features, hidden));
  auto named = lstm->named_parameters();
  named["weight_ih_l0"].copy_(view(weights.layers[0].input.data(), {4 * hidden, features}));
  named["weight_hh_l0"].copy_(view(weights.layers[0].recurrent.data(), {4 * hidden, hidden}));
  named["bias_ih_l0"].copy_(view(weights.layers[0].bias.data(), {4 * hidden}));
  named["bias_hh_l0"].zero_();
  const auto users = static_cast<std::int64_t>(rows.size());
  const auto x = (view(rows[0].data(), {users, features}) - view(weights.mean.data(), {features})) *
                 view(weights.scale.data(), {features});
  const auto [output, state] = lstm->forward(x.clamp(-kLargestInput, kLargestInput).unsqueeze(0));
  return at::cat({std::get<0>(state)[0], std::get<1>(state)[0]}, 1).contiguous();
}

void expect_step_of_nn_lstm(const Network& network, const NetworkWeights& weights) {
  const auto rows = some_rows(40, 11);
  Users users(network, rows.size());
  step(network, rows, users);
  const at::Tensor expected = step_of_nn_lstm(weights, rows);
  const float* numbers = expected.data_ptr<float>();
  for (std::size_t i = 0; i < users.carried.size(); ++i) {
    // Half a step of a half, and for h what becomes of it through the rounded c: another.
    const float allowed = std::max(std::abs(numbers[i]) * 0x1p-10F, 0x1p-24F);
    ASSERT_NEAR(to_float(users.carried[i]), numbers[i], allowed + 1e-6F) << i;
  }
}

TEST(NnLstm, StepsAsTheNetworkOnTheCpu) {
  const NetworkWeights weights = some_weights(24, 1);
  for (const Instructions instructions : {Instructions::kPortable, best_instructions()}) {
    expect_step_of_nn_lstm(**cpu_network(weights, kHorizons, instructions), weights);
  }
}

TEST(NnLstm, StepsAsTheNetworkThroughLibTorch) {
  const NetworkWeights weights = some_weights(24, 1);
  expect_step_of_nn_lstm(**torch_library().network(weights, kHorizons, "cpu"), weights);
}

}  // namespace
}  // namespace driftcast
