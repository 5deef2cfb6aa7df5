// The network on one core, 24 features: carried steps and replays of 30 rows, by instructions, size and batch.
//
//     ./dev bench network_bench
//
// Items are rows (step) and windows (replay); `each` is CPU time per item, `GFLOP/s` counts the LSTM's products alone.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/cpu_network.h"

namespace driftcast {
namespace {

constexpr std::array kHorizons = {7, 14, 30};
constexpr std::size_t kWindow = 30;
constexpr std::size_t kLayers = 2;

struct Users {
  std::unique_ptr<Network> network;
  std::vector<FeatureRow> rows;
  std::vector<Half> carried;
  std::vector<NetForecast> forecasts;

  Users(Instructions instructions, std::size_t hidden, std::size_t count)
      : network(
            std::move(cpu_network(fresh_network(hidden, kLayers, {7, 14, 30}, 1), kHorizons, instructions)).value()),
        rows(count * kWindow),
        carried(count * network->carried()),
        forecasts(count) {
    std::mt19937_64 random(1);
    std::normal_distribution<float> normal;
    for (FeatureRow& row : rows) {
      for (float& value : row) value = normal(random);
    }
  }
};

double products_of_row(std::size_t hidden) {
  const std::size_t inputs = kFeatures + hidden + (kLayers - 1) * 2 * hidden;
  return 2.0 * static_cast<double>(4 * hidden * inputs);
}

void report(benchmark::State& state, std::size_t items, double products_of_item) {
  using benchmark::Counter;
  const auto done = static_cast<double>(state.iterations()) * static_cast<double>(items);
  state.SetItemsProcessed(static_cast<std::int64_t>(done));
  state.counters["each"] = Counter(done, Counter::kIsRate | Counter::kInvert);
  state.counters["GFLOP/s"] = Counter(done * products_of_item / 1e9, Counter::kIsRate);
}

void step(benchmark::State& state, Instructions instructions, std::size_t hidden, bool forecasts) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  Users users(instructions, hidden, batch);
  std::vector<NetworkStep> steps;
  for (std::size_t i = 0; i < batch; ++i) {
    steps.push_back({&users.rows[i], users.carried.data() + i * users.network->carried(),
                     forecasts ? &users.forecasts[i] : nullptr});
  }
  for ([[maybe_unused]] auto each : state) users.network->step(steps);
  report(state, batch, products_of_row(hidden));
}

void replay(benchmark::State& state, Instructions instructions, std::size_t hidden) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  Users users(instructions, hidden, batch);
  std::vector<NetworkWindow> windows;
  for (std::size_t i = 0; i < batch; ++i) {
    windows.push_back({std::span(users.rows).subspan(i * kWindow, kWindow),
                       users.carried.data() + i * users.network->carried(), &users.forecasts[i]});
  }
  for ([[maybe_unused]] auto each : state) users.network->replay(windows);
  report(state, batch, kWindow * products_of_row(hidden));
}

void register_sizes(Instructions instructions, std::size_t hidden) {
  const std::string suffix = "/" + std::string(name(instructions)) + "/2x" + std::to_string(hidden);
  const auto add = [&](const std::string& what, auto run) {
    auto* added = benchmark::RegisterBenchmark((what + suffix).c_str(), run);
    for (const int batch : {1, 8, 64, 1024}) {
      if (instructions != Instructions::kPortable || batch <= 8) added->Arg(batch);
    }
  };
  add("step", [=](benchmark::State& state) { step(state, instructions, hidden, false); });
  add("step_and_forecast", [=](benchmark::State& state) { step(state, instructions, hidden, true); });
  add("replay", [=](benchmark::State& state) { replay(state, instructions, hidden); });
}

}  // namespace
}  // namespace driftcast

int main(int argc, char** argv) {
  using driftcast::Instructions;
  for (const Instructions instructions : {Instructions::kAvx512, Instructions::kAvx2, Instructions::kPortable}) {
    for (const std::size_t hidden : {128U, 64U}) {
      if (driftcast::has(instructions)) driftcast::register_sizes(instructions, hidden);
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
