// The stages alone, on one core, all states in memory: fold (events/s), judge (closed steps/s, JSON written), and infer
// with a network of 2 x 128 and judge after it (closed steps/s, likewise).
//
//     ./dev bench stages_bench
#include <benchmark/benchmark.h>

#include "bench/workload.h"
#include "config/fields.h"
#include "models/cpu_network.h"
#include "pipeline/lane.h"
#include "pipeline/stages.h"
#include "state/memory_store.h"

namespace driftcast {
namespace {

constexpr std::int64_t kEvents = 1'000'000;
constexpr std::int64_t kAmpleCache = std::int64_t{8} << 30;
constexpr std::size_t kBudget = 1000;  // records and drained users in a parcel, as with the default source.slice

Settings settings_without_outputs() {
  Settings settings;
  settings.pipeline.emit.sessions = false;
  return settings;
}

// Runs all slices through fold; what it closed is handed to `take`.
template <class Take>
void fold_all(Lane& lane, Workload& workload, Take take) {
  for (auto& slice : workload.slices) {
    do {
      Parcel parcel;
      parcel.lane = &lane;
      parcel.budget = kBudget;
      parcel.input = std::move(slice);
      fold_stage(lane.fold, parcel);
      if (parcel.failure) std::abort();
      take(std::move(parcel.steps));
    } while (!lane.fold.pending.empty());
  }
}

void fold(benchmark::State& state) {
  const Settings settings = settings_without_outputs();
  const LaneSetup setup{settings, default_models(), 0};
  std::int64_t steps = 0;
  for ([[maybe_unused]] auto each : state) {
    state.PauseTiming();
    Workload workload = make_workload(settings, kEvents);
    MemoryStore store;
    auto lane = std::make_unique<Lane>(setup, store, 0, 0, kAmpleCache);
    steps = 0;
    state.ResumeTiming();
    fold_all(*lane, workload,
             [&](const std::vector<StepClosed>& closed) { steps += static_cast<std::int64_t>(closed.size()); });
    state.PauseTiming();
    lane.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kEvents);
  state.counters["steps"] = static_cast<double>(steps);
}

struct ClosedSteps {
  std::vector<std::vector<StepClosed>> slices;
  std::int64_t steps = 0;
};

ClosedSteps closed_steps(const LaneSetup& setup, const Settings& settings) {
  ClosedSteps closed;
  MemoryStore store;
  Workload workload = make_workload(settings, kEvents / 4);
  Lane lane(setup, store, 0, 0, kAmpleCache);
  fold_all(lane, workload, [&](std::vector<StepClosed>&& some) {
    closed.steps += static_cast<std::int64_t>(some.size());
    closed.slices.push_back(std::move(some));
  });
  return closed;
}

// Closed steps in, forecasts as JSON out.
void forecast(benchmark::State& state, const ModelSet& models, bool infer) {
  const Settings settings = settings_without_outputs();
  const LaneSetup setup{settings, models, 0};
  const ClosedSteps closed = closed_steps(setup, settings);
  MemoryStore store;
  std::int64_t bytes = 0;
  for ([[maybe_unused]] auto each : state) {
    Lane lane(setup, store, 1, 0, kAmpleCache);
    bytes = 0;
    for (const auto& some : closed.slices) {
      Parcel parcel;
      parcel.lane = &lane;
      parcel.steps = some;
      if (infer) infer_stage(lane.infer, parcel);
      judge_stage(lane.judge, parcel);
      if (parcel.failure) std::abort();
      bytes += static_cast<std::int64_t>(parcel.judge_outputs.bytes());
    }
  }
  state.SetItemsProcessed(state.iterations() * closed.steps);
  state.counters["forecast_bytes"] = static_cast<double>(bytes);
}

void judge(benchmark::State& state) { forecast(state, default_models(), false); }

void infer_and_judge(benchmark::State& state) {
  const std::vector<int> horizons = Settings().operators.horizons;
  const NetworkWeights weights = fresh_network(128, 2, horizons, 1);
  forecast(state, with_network(default_models(), cpu_network(weights, horizons).value(), hash_of(weights)), true);
}

BENCHMARK(fold)->Unit(benchmark::kMillisecond)->Iterations(1)->Repetitions(3);
BENCHMARK(judge)->Unit(benchmark::kMillisecond)->MinTime(2)->Repetitions(3);
BENCHMARK(infer_and_judge)->Unit(benchmark::kMillisecond)->MinTime(2)->Repetitions(3);

}  // namespace
}  // namespace driftcast

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
