#include "pipeline/job.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <random>
#include <utility>

#include "pipeline/graph_runner.h"

namespace driftcast {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

rusage usage_now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

double cpu_seconds() {
  const rusage usage = usage_now();
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t new_lineage() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

Result<void> run_stepwise(Assembly& assembly, const std::atomic<bool>& stop, const std::function<void()>& tick) {
  Instance instance(assembly);
  constexpr std::int64_t kTickMs = 200;
  std::int64_t ticked = assembly.clock().now_ms();
  while (true) {
    if (stop) instance.stop();
    auto more = instance.step();
    if (!more) return more.error();
    if (!*more) return {};
    if (const std::int64_t now = assembly.clock().now_ms(); now - ticked >= kTickMs) {
      tick();
      ticked = now;
    }
  }
}

}  // namespace

Job::Job(const Settings& settings, const ModelSet& models, Store& store, Audience audience)
    : settings_(settings),
      models_(models),
      store_(store),
      audience_(std::move(audience)),
      began_ms_(clock_.now_ms()),
      flushed_ms_(began_ms_),
      cpu_began_(cpu_seconds()) {}

Result<void> Job::work(Log& log, Opening opening) {
  const auto make = opening == Opening::kAllFirst || settings_.pipeline.threads == 1 ? Assembly::open : Assembly::make;
  auto assembly = make(settings_, models_, log, store_, clock_, new_lineage(), audience_.watchers);
  if (!assembly) return assembly.error();
  auto outcome = run(**assembly);
  tick(**assembly);
  (*assembly)->forget_partitions();
  done_ = with(**assembly);
  ++assemblies_;
  return outcome;
}

Result<void> Job::run(Assembly& assembly) {
  const auto ticks = [&] { tick(assembly); };
  return settings_.pipeline.threads == 1 ? run_stepwise(assembly, audience_.stop, ticks)
                                         : run_graph(assembly, audience_.stop, ticks);
}

// Ready is who processes the input.
void Job::show_readiness(Assembly& assembly) {
  Metrics* const metrics = audience_.watchers.metrics;
  if (metrics == nullptr) return;
  std::string why = audience_.stop ? "stopping" : assembly.log().trouble();
  if (why.empty() && assembly.recovered() == 0) why = "restoring";
  why.empty() ? metrics->ready() : metrics->not_ready(std::move(why));
}

// What a crash leaves in memory is read from the log again: little of it, if the store reaches the disk now and then.
void Job::start_flush() {
  constexpr std::int64_t kApartMs = 30'000;
  const std::int64_t now = clock_.now_ms();
  if (settings_.state.dir.empty() || now - flushed_ms_ < kApartMs) return;
  flushed_ms_ = now;
  if (const auto flushed = store_.start_flush(); !flushed) spdlog::warn("{}", flushed.error().message);
}

void Job::tick(Assembly& assembly) {
  start_flush();
  show_readiness(assembly);
  assembly.show_partitions();
  const Summary now = with(assembly);
  const double wall_s = static_cast<double>(clock_.now_ms() - began_ms_) / 1000;
  const Progress progress{now.counters, now.before, audience_.fraction(), wall_s};
  if (done_.first_forecast_s < 0 && now.here(Counter::kForecasts) > 0) done_.first_forecast_s = progress.wall_s;
  audience_.report(progress);
}

// The first assembly's partitions count from their first record, as a resumed run goes on counting; of later ones only what
// they did.
Summary Job::with(const Assembly& assembly) const {
  Summary sum = done_;
  const Counters now = assembly.counters(), before = assembly.counters_before();
  for (std::size_t c = 0; c < kCounters; ++c) {
    sum.counters[c] += assemblies_ == 0 ? now[c] : now[c] - before[c];
    if (assemblies_ == 0) sum.before[c] += before[c];
  }
  for (std::size_t stage = 0; stage < kStages.size(); ++stage)
    sum.stage_cpu_s[stage] += assembly.times().seconds(stage);
  return sum;
}

Summary Job::summary() const {
  Summary summary = done_;
  summary.wall_s = static_cast<double>(clock_.now_ms() - began_ms_) / 1000;
  summary.cpu_s = cpu_seconds() - cpu_began_;
  summary.peak_rss_kib = usage_now().ru_maxrss;
  return summary;
}

}  // namespace driftcast
