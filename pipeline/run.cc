#include "pipeline/run.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "pipeline/file_log.h"
#include "pipeline/files.h"
#include "pipeline/graph_runner.h"
#include "pipeline/instance.h"
#include "state/rocksdb_store.h"

namespace driftcast {
namespace {

constexpr std::string_view kScratch = ".scratch-";

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::int64_t peak_rss_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// Scratch directories of runs that were killed.
void sweep(const std::string& dir) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kScratch)) continue;
    const int owner = std::atoi(name.c_str() + kScratch.size());
    if (owner > 0 && ::kill(owner, 0) != 0 && errno == ESRCH) std::filesystem::remove_all(entry.path(), ignored);
  }
}

// A state directory for one run only, beside the outputs; removed at the end.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

 private:
  std::string path_;
};

std::uint64_t new_lineage() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

Result<bool> has_states(Store& store, int partitions) {
  for (Partition p = 0; p < partitions; ++p) {
    auto mark = store.mark(p);
    if (!mark) return mark.error();
    if (*mark) return true;
  }
  return false;
}

Result<std::unique_ptr<FileLog>> open_log(const Settings& settings, Store& store, const std::string& state_dir) {
  const PipelineOptions& options = settings.pipeline;
  auto source = FileSource::open(options);
  if (!source) return source.error();
  auto states = has_states(store, options.source.partitions);
  if (!states) return states.error();
  auto sink = FileSink::open(options.sink, options.topics, state_dir + "/journal", *states);
  if (!sink) return sink.error();
  return std::make_unique<FileLog>(std::move(*source), std::move(*sink), options.source.partitions);
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

Result<Summary> run_files(const Settings& settings, const ModelSet& models, const std::atomic<bool>& stop,
                          const std::function<void(const Progress&)>& report, Observer* observer) {
  const SteadyClock clock;
  const std::int64_t began = clock.now_ms();
  const double cpu_began = cpu_seconds();
  DRIFTCAST_TRY(make_directory(settings.pipeline.sink.dir));
  const bool scratch = settings.state.dir.empty();
  const std::string state_dir =
      scratch ? fmt::format("{}/{}{}", settings.pipeline.sink.dir, kScratch, ::getpid()) : settings.state.dir;
  sweep(settings.pipeline.sink.dir);
  const ScratchDirectory remover(scratch ? state_dir : "");
  DRIFTCAST_TRY(make_directory(state_dir));
  auto store = RocksDbStore::open(state_dir + "/store", settings.state);
  if (!store) return store.error();
  auto log = open_log(settings, **store, state_dir);
  if (!log) return log.error();
  const std::string summary_path = settings.pipeline.sink.dir + "/summary.json";
  std::error_code ignored;
  std::filesystem::remove(summary_path, ignored);  // an earlier run's
  auto opened = Assembly::open(settings, models, **log, **store, clock, new_lineage(), observer);
  if (!opened) return opened.error();
  Assembly& assembly = **opened;

  Summary summary;
  summary.before = assembly.counters();
  const auto elapsed = [&] { return static_cast<double>(clock.now_ms() - began) / 1000; };
  const auto tick = [&] {
    const Progress progress{assembly.counters(), (*log)->source().progress(), elapsed()};
    const auto forecasts = static_cast<std::size_t>(Counter::kForecasts);
    if (summary.first_forecast_s < 0 && progress.counters[forecasts] > summary.before[forecasts]) {
      summary.first_forecast_s = progress.wall_s;
    }
    report(progress);
  };
  DRIFTCAST_TRY(settings.pipeline.threads == 1 ? run_stepwise(assembly, stop, tick) : run_graph(assembly, stop, tick));
  tick();
  if (!scratch) DRIFTCAST_TRY((*store)->flush());

  summary.counters = assembly.counters();
  summary.wall_s = elapsed();
  summary.cpu_s = cpu_seconds() - cpu_began;
  for (std::size_t stage = 0; stage < kStages.size(); ++stage) {
    summary.stage_cpu_s[stage] = assembly.times().seconds(stage);
  }
  summary.peak_rss_kib = peak_rss_kib();
  DRIFTCAST_TRY(replace_file(summary_path, summary_json(summary) + "\n"));
  return summary;
}

}  // namespace driftcast
