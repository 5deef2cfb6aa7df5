// The network on one core beside LibTorch's nn::LSTM on the same core: 24 features, 2 x 128, by batch.
//
//     ./dev build --torch && ./dev bench
//
// Both run in this process, in turns, on the same rows; a figure is the median of the turns, in microseconds per user.
// `step`: one row of each user from the state before. `replay`: 30 rows from an empty state. LibTorch has one thread,
// InferenceMode and OpenBLAS; it keeps its states as floats, and neither computes heads.
#include <torch/torch.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <utility>
#include <vector>

#include "models/cpu_network.h"
#include "pipeline/torch_library_loader.h"

namespace driftcast {
namespace {

constexpr std::size_t kHidden = 128, kLayers = 2, kWindow = 30;
constexpr int kTurns = 9;
constexpr double kTurnSeconds = 0.05;
constexpr std::array kHorizons = {7, 14, 30};

using Work = std::function<void()>;

double seconds_of(const Work& work, int times) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void compare(const char* what, std::size_t users, const Work& ours, const Work& torchs) {
  const auto times = [](const Work& work) { return 1 + static_cast<int>(kTurnSeconds / seconds_of(work, 1)); };
  const int our_times = times(ours), torch_times = times(torchs);
  std::vector<double> our_turns, torch_turns;
  for (int turn = 0; turn < kTurns; ++turn) {
    our_turns.push_back(seconds_of(ours, our_times) / our_times);
    torch_turns.push_back(seconds_of(torchs, torch_times) / torch_times);
  }
  const double scale = 1e6 / static_cast<double>(users);
  const double our_median = median(our_turns) * scale, torch_median = median(torch_turns) * scale;
  std::printf("%-8s B=%-5zu driftcast %9.2f us   LibTorch %9.2f us   %.2f times as fast\n", what, users, our_median,
              torch_median, torch_median / our_median);
}

std::vector<FeatureRow> some_rows(std::size_t count) {
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal;
  std::vector<FeatureRow> rows(count);
  for (FeatureRow& row : rows) {
    for (float& value : row) value = normal(random);
  }
  return rows;
}

torch::nn::LSTM lstm_of(const NetworkWeights& weights) {
  torch::nn::LSTM lstm(
      torch::nn::LSTMOptions(static_cast<std::int64_t>(kFeatures), static_cast<std::int64_t>(weights.hidden))
          .num_layers(static_cast<std::int64_t>(weights.layers.size())));
  const torch::NoGradGuard guard;
  auto named = lstm->named_parameters();
  for (std::size_t l = 0; l < weights.layers.size(); ++l) {
    const auto copy = [&](const char* name, const std::vector<float>& numbers) {
      at::Tensor& to = named[name + std::to_string(l)];
      to.copy_(at::from_blob(const_cast<float*>(numbers.data()), to.sizes(), at::kFloat));
    };
    copy("weight_ih_l", weights.layers[l].input);
    copy("weight_hh_l", weights.layers[l].recurrent);
    copy("bias_ih_l", weights.layers[l].bias);
    named["bias_hh_l" + std::to_string(l)].zero_();
  }
  lstm->eval();
  return lstm;
}

void compare_batch(std::size_t users) {
  const NetworkWeights weights = fresh_network(kHidden, kLayers, {7, 14, 30}, 1);
  const auto network = std::move(cpu_network(weights, kHorizons)).value();
  std::vector<FeatureRow> rows = some_rows(users * kWindow);
  std::vector<Half> carried(users * network->carried());
  std::vector<NetworkStep> steps;
  std::vector<NetworkWindow> windows;
  for (std::size_t u = 0; u < users; ++u) {
    Half* const state = carried.data() + u * network->carried();
    steps.push_back({&rows[u * kWindow], state, nullptr});
    windows.push_back({std::span(rows).subspan(u * kWindow, kWindow), state, nullptr});
  }

  torch::nn::LSTM lstm = lstm_of(weights);
  const c10::InferenceMode guard;
  const auto batch = static_cast<std::int64_t>(users), window = static_cast<std::int64_t>(kWindow);
  const at::Tensor all =
      at::from_blob(rows[0].data(), {batch, window, static_cast<std::int64_t>(kFeatures)}, at::kFloat)
          .transpose(0, 1)
          .contiguous();
  const at::Tensor first = all.narrow(0, 0, 1).contiguous();
  auto state = std::get<1>(lstm->forward(first));
  compare(
      "step", users, [&] { network->step(steps); }, [&] { state = std::get<1>(lstm->forward(first, state)); });
  compare(
      "replay", users, [&] { network->replay(windows); }, [&] { lstm->forward(all); });
}

}  // namespace
}  // namespace driftcast

int main(int, char** argv) {
  if (std::getenv("OPENBLAS_CORETYPE") == nullptr) {  // read before main begins: once more, for a BLAS at its best
    driftcast::tell_openblas_the_processor();
    execv("/proc/self/exe", argv);
  }
  at::set_num_threads(1);
  for (const std::size_t users : {1U, 8U, 64U, 1024U}) driftcast::compare_batch(users);
}
