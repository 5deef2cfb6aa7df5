// The main job between topics.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "pipeline/job.h"
#include "pipeline/kafka_log.h"
#include "pipeline/kafka_start_check.h"
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

Result<std::unique_ptr<KafkaLog>> try_to_open(const Settings& settings, Until until) {
  DRIFTCAST_TRY(check_start(settings));
  return KafkaLog::open(settings.pipeline, until);
}

Result<std::unique_ptr<KafkaLog>> open_log(const Settings& settings, Until until, const std::atomic<bool>& stop) {
  const auto deadline = steady_clock::now() + settings.pipeline.kafka.patience;
  while (true) {
    auto log = try_to_open(settings, until);
    if (log || !passes(log.error())) return log;
    if (stop || steady_clock::now() >= deadline) {
      return error(ErrorCode::kUnavailable, log.error().message + "; given up after kafka.patience");
    }
    spdlog::warn("{}; trying again", log.error().message);
    pause(kPause, stop);
  }
}

// What has ended the work on a set of partitions: the group, or a failure that passes.
void count(Metrics* metrics, const Result<void>& worked, bool keeps) {
  if (metrics == nullptr) return;
  if (!keeps) metrics->rebalanced();
  if (!worked) metrics->rolled_back(worked.error().code == ErrorCode::kUnavailable ? "unavailable" : "aborted");
}

// Works on whatever partitions the group gives, until there is no more to do.
Result<void> work(Job& job, KafkaLog& log, Metrics* metrics, const std::atomic<bool>& stop) {
  milliseconds length = kPause;
  while (true) {
    if (metrics != nullptr) metrics->not_ready("waiting for partitions of the group");
    const auto acquired = log.acquire(stop);
    if (!acquired) return acquired.error();
    if (!*acquired) return {};
    const auto began = steady_clock::now();
    const auto worked = job.work(log, Job::Opening::kWhileRunning);
    if (!worked && !passes(worked.error())) return worked.error();
    const auto keeps = log.keeps_assignment();
    count(metrics, worked, keeps && *keeps);
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
                          const std::function<void(const Progress&)>& report, const Watchers& watchers) {
  const LastResort last_resort(stop);
  const auto state = StateDirectory::make(settings, std::filesystem::temp_directory_path().string());
  if (!state) return state.error();
  auto store = RocksDbStore::open(state->path() + "/store", settings.state);
  if (!store) return store.error();
  auto log = open_log(settings, until, stop);
  if (!log) return log.error();
  Job job(settings, models, **store, {stop, report, [] { return 0.0; }, watchers});
  DRIFTCAST_TRY(work(job, **log, watchers.metrics, stop));
  if (!settings.state.dir.empty()) DRIFTCAST_TRY((*store)->flush());
  return job.summary();
}

}  // namespace driftcast
