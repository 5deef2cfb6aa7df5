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
#include "pipeline/kafka_log.h"
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

// Where a run keeps its state: in the directory of the settings, or in one of its own that goes with it.
class StateDirectory {
 public:
  static Result<StateDirectory> make(const Settings& settings, const std::string& scratch_parent) {
    const bool scratch = settings.state.dir.empty();
    const std::string path =
        scratch ? fmt::format("{}/{}{}", scratch_parent, kScratch, ::getpid()) : settings.state.dir;
    if (scratch) sweep(scratch_parent);
    DRIFTCAST_TRY(make_directory(path));
    return StateDirectory(path, scratch);
  }

  const std::string& path() const { return path_; }

 private:
  StateDirectory(const std::string& path, bool scratch)
      : path_(path), remover_(scratch ? std::make_unique<ScratchDirectory>(path) : nullptr) {}

  std::string path_;
  std::unique_ptr<ScratchDirectory> remover_;
};

// Who looks on.
struct Audience {
  const std::atomic<bool>& stop;
  const std::function<void(const Progress&)>& report;
  std::function<double()> fraction;  // of the input, as in Progress
  Observer* observer = nullptr;
};

// Runs the job between a log and a store, wherever these are.
Result<Summary> run_on(const Settings& settings, const ModelSet& models, Log& log, Store& store,
                       const Audience& audience) {
  const SteadyClock clock;
  const std::int64_t began = clock.now_ms();
  const double cpu_began = cpu_seconds();
  auto opened = Assembly::open(settings, models, log, store, clock, new_lineage(), audience.observer);
  if (!opened) return opened.error();
  Assembly& assembly = **opened;

  Summary summary;
  summary.before = assembly.counters();
  const auto elapsed = [&] { return static_cast<double>(clock.now_ms() - began) / 1000; };
  const auto tick = [&] {
    const Progress progress{assembly.counters(), audience.fraction(), elapsed()};
    const auto forecasts = static_cast<std::size_t>(Counter::kForecasts);
    if (summary.first_forecast_s < 0 && progress.counters[forecasts] > summary.before[forecasts]) {
      summary.first_forecast_s = progress.wall_s;
    }
    audience.report(progress);
  };
  DRIFTCAST_TRY(settings.pipeline.threads == 1 ? run_stepwise(assembly, audience.stop, tick)
                                               : run_graph(assembly, audience.stop, tick));
  tick();
  if (!settings.state.dir.empty()) DRIFTCAST_TRY(store.flush());

  summary.counters = assembly.counters();
  summary.wall_s = elapsed();
  summary.cpu_s = cpu_seconds() - cpu_began;
  for (std::size_t stage = 0; stage < kStages.size(); ++stage) {
    summary.stage_cpu_s[stage] = assembly.times().seconds(stage);
  }
  summary.peak_rss_kib = peak_rss_kib();
  return summary;
}

}  // namespace

Result<Summary> run_files(const Settings& settings, const ModelSet& models, const std::atomic<bool>& stop,
                          const std::function<void(const Progress&)>& report, Observer* observer) {
  const std::string& sink_dir = settings.pipeline.sink.dir;
  DRIFTCAST_TRY(make_directory(sink_dir));
  const auto state = StateDirectory::make(settings, sink_dir);
  if (!state) return state.error();
  auto store = RocksDbStore::open(state->path() + "/store", settings.state);
  if (!store) return store.error();
  auto log = open_log(settings, **store, state->path());
  if (!log) return log.error();
  const std::string summary_path = sink_dir + "/summary.json";
  std::error_code ignored;
  std::filesystem::remove(summary_path, ignored);  // an earlier run's
  const auto fraction = [&] { return (*log)->source().progress(); };
  auto summary = run_on(settings, models, **log, **store, {stop, report, fraction, observer});
  if (summary) DRIFTCAST_TRY(replace_file(summary_path, summary_json(*summary) + "\n"));
  return summary;
}

Result<Summary> run_kafka(const Settings& settings, const ModelSet& models, Until until, const std::atomic<bool>& stop,
                          const std::function<void(const Progress&)>& report) {
  const auto state = StateDirectory::make(settings, std::filesystem::temp_directory_path().string());
  if (!state) return state.error();
  auto store = RocksDbStore::open(state->path() + "/store", settings.state);
  if (!store) return store.error();
  auto log = KafkaLog::open(settings.pipeline, until);
  if (!log) return log.error();
  return run_on(settings, models, **log, **store, {stop, report, [] { return 0.0; }});
}

}  // namespace driftcast
