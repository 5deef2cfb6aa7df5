// The main job between topics.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "pipeline/job.h"
#include "pipeline/kafka_log.h"
#include "pipeline/last_resort.h"
#include "pipeline/run.h"
#include "pipeline/state_directory.h"
#include "state/rocksdb_store.h"

namespace driftcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPause{500};  // between two tries
constexpr milliseconds kLongestPause{10'000};

// What goes away by itself: brokers that are not there now, a transaction that came to nothing.
bool passes(const Error& error) { return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kRollback; }

void pause(milliseconds length, const std::atomic<bool>& stop) {
  const auto end = steady_clock::now() + length;
  while (!stop && steady_clock::now() < end) std::this_thread::sleep_for(milliseconds{20});
}

Result<std::unique_ptr<KafkaLog>> open_log(const PipelineOptions& options, Until until, const std::atomic<bool>& stop) {
  const auto deadline = steady_clock::now() + options.kafka.patience;
  while (true) {
    auto log = KafkaLog::open(options, until);
    if (log || !passes(log.error())) return log;
    if (stop || steady_clock::now() >= deadline) {
      return error(ErrorCode::kUnavailable, log.error().message + "; given up after kafka.patience");
    }
    spdlog::warn("{}; trying again", log.error().message);
    pause(kPause, stop);
  }
}

// Works on whatever partitions the group gives, until there is no more to do.
Result<void> work(Job& job, KafkaLog& log, const std::atomic<bool>& stop) {
  milliseconds length = kPause;
  while (true) {
    const auto acquired = log.acquire(stop);
    if (!acquired) return acquired.error();
    if (!*acquired) return {};
    const auto began = steady_clock::now();
    const auto worked = job.work(log, Job::Opening::kWhileRunning);
    if (!worked && !passes(worked.error())) return worked.error();
    const auto keeps = log.keeps_assignment();
    if (worked && keeps && *keeps) {
      const auto over = log.await_end(stop);
      if (!over) return over.error();
      if (*over || stop) return {};
    }
    if (worked) continue;
    spdlog::warn("what was under way is given up: {}; recovering from what is committed", worked.error().message);
    const bool at_once = steady_clock::now() - began < std::chrono::seconds{10};
    length = at_once ? std::min(2 * length, kLongestPause) : kPause;
    if (at_once) pause(length, stop);
  }
}

}  // namespace

Result<Summary> run_kafka(const Settings& settings, const ModelSet& models, Until until, const std::atomic<bool>& stop,
                          const std::function<void(const Progress&)>& report) {
  const LastResort last_resort(stop);
  const auto state = StateDirectory::make(settings, std::filesystem::temp_directory_path().string());
  if (!state) return state.error();
  auto store = RocksDbStore::open(state->path() + "/store", settings.state);
  if (!store) return store.error();
  auto log = open_log(settings.pipeline, until, stop);
  if (!log) return log.error();
  Job job(settings, models, **store, {stop, report, [] { return 0.0; }});
  DRIFTCAST_TRY(work(job, **log, stop));
  if (!settings.state.dir.empty()) DRIFTCAST_TRY((*store)->flush());
  return job.summary();
}

}  // namespace driftcast
