#include "pipeline/run.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <random>

#include "pipeline/file_log.h"
#include "pipeline/files.h"
#include "pipeline/graph_runner.h"
#include "pipeline/instance.h"
#include "pipeline/kafka_log.h"
#include "pipeline/terminal.h"
#include "pipeline/version.h"
#include "state/rocksdb_store.h"

namespace driftcast {
namespace {

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

Result<std::unique_ptr<FileLog>> open_log(const Settings& settings, const std::string& state_dir) {
  const PipelineOptions& options = settings.pipeline;
  auto source = FileSource::open(options);
  if (!source) return source.error();
  auto sink = FileSink::open(options.sink, options.topics, state_dir + "/journal");
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
    const std::string path = scratch ? fmt::format("{}/.scratch-{}", scratch_parent, ::getpid()) : settings.state.dir;
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
  auto log = open_log(settings, state->path());
  if (!log) return log.error();
  const auto fraction = [&] { return (*log)->source().progress(); };
  auto summary = run_on(settings, models, **log, **store, {stop, report, fraction, observer});
  if (summary) DRIFTCAST_TRY(replace_file(sink_dir + "/summary.json", summary_json(*summary) + "\n"));
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

namespace {

// The stages' CPU times, then what is left of the process's, as a list.
template <class Word>
std::string by_stage(const Summary& summary, std::string_view separator, Word word) {
  std::string list;
  double rest = summary.cpu_s;
  for (std::size_t stage = 0; stage < kStages.size(); ++stage) {
    list += fmt::format("{}{}", word(kStages[stage].name, summary.stage_cpu_s[stage]), separator);
    rest -= summary.stage_cpu_s[stage];
  }
  return list + word("other", std::max(0.0, rest));
}

}  // namespace

std::string summary_json(const Summary& summary) {
  return fmt::format(
      R"({{"driftcast":"{}","records":{},"processed":{},"late":{},"duplicate":{},"dead_letter":{},"users":{},"sessions":{},)"
      R"("steps":{},"forecasts":{},"drift_signals":{},"advances":{},"wall_s":{:.3f},"cpu_s":{:.3f},"stage_cpu_s":{{{}}}}})",
      kVersion, summary.of(Counter::kRecords), summary.of(Counter::kProcessed), summary.of(Counter::kLate),
      summary.of(Counter::kDuplicate), summary.of(Counter::kDeadLetter), summary.of(Counter::kUsers),
      summary.of(Counter::kSessions), summary.of(Counter::kSteps), summary.of(Counter::kForecasts),
      summary.of(Counter::kDriftSignals), summary.of(Counter::kAdvances), summary.wall_s, summary.cpu_s,
      by_stage(summary, ",",
               [](std::string_view name, double seconds) { return fmt::format("\"{}\":{:.3f}", name, seconds); }));
}

std::string summary_text(const Summary& summary) {
  const auto of = [&](Counter counter) { return grouped(summary.of(counter)); };
  const auto records = static_cast<double>(summary.here(Counter::kRecords));
  const std::string first =
      summary.first_forecast_s < 0 ? "" : fmt::format("   first forecast after {:.1f} s", summary.first_forecast_s);
  return fmt::format(
      "events         {:>13}   processed {}, late {}, duplicate {}, dead letters {}\n"
      "users          {:>13}   sessions {}, steps {}\n"
      "forecasts      {:>13}{}\n"
      "drift signals  {:>13}\n"
      "events/s       {:>13}   CPU {:.2f} us/event, wall {:.1f} s, peak memory {:.0f} MiB\n"
      "CPU spent in                   {}\n",
      of(Counter::kRecords), of(Counter::kProcessed), of(Counter::kLate), of(Counter::kDuplicate),
      of(Counter::kDeadLetter), of(Counter::kUsers), of(Counter::kSessions), of(Counter::kSteps),
      of(Counter::kForecasts), first, of(Counter::kDriftSignals),
      grouped(std::llround(records / std::max(summary.wall_s, 1e-3))), summary.cpu_s * 1e6 / std::max(records, 1.0),
      summary.wall_s, static_cast<double>(summary.peak_rss_kib) / 1024,
      by_stage(summary, ", ", [&](std::string_view name, double seconds) {
        return fmt::format("{} {:.0f} %", name, 100 * seconds / std::max(summary.cpu_s, 1e-9));
      }));
}

}  // namespace driftcast
