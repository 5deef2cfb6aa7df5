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
#include "pipeline/kafka_tick.h"
#include "pipeline/kafka_topics.h"
#include "pipeline/last_resort.h"
#include "pipeline/run.h"
#include "pipeline/state_directory.h"
#include "pipeline/wire.h"
#include "state/rocksdb_store.h"

namespace driftcast {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPause{500};  // between two tries
constexpr milliseconds kLongestPause{10'000};
constexpr milliseconds kShortestTry{2'000};  // brokers that are there have answered by then

// What goes away by itself: brokers that are not there now, a transaction that came to nothing.
bool passes(const Error& error) { return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kRollback; }

void pause(milliseconds length, const std::atomic<bool>& stop) {
  const auto end = steady_clock::now() + length;
  while (!stop && steady_clock::now() < end) std::this_thread::sleep_for(milliseconds{20});
}

void tell_why_not_ready(Metrics* metrics, const std::string& why) {
  if (metrics != nullptr) metrics->not_ready(why);
}

// Opens the log, and tries again while brokers do not answer, for as long as the settings allow.
class Opener {
 public:
  Opener(const Settings& settings, const KafkaRun& wanted, const std::atomic<bool>& stop)
      : settings_(settings), wanted_(wanted), stop_(stop), deadline_(steady_clock::now() + patience()) {}

  // Null: `stop` has become true, and nothing was begun.
  Result<std::unique_ptr<KafkaLog>> open(Metrics* metrics) {
    tell_why_not_ready(metrics, "waiting for the brokers");
    while (true) {
      auto log = try_once();
      if (log || !passes(log.error())) return log;
      if (stop_) {
        spdlog::info("told to stop before anything was begun");
        return std::unique_ptr<KafkaLog>();
      }
      if (left() <= milliseconds{0}) {
        return error(ErrorCode::kUnavailable, log.error().message + "; given up after kafka.patience");
      }
      if (log.error().code == ErrorCode::kUnavailable) tell_why_not_ready(metrics, "no broker answers");
      spdlog::warn("{}; trying again", log.error().message);
      pause(std::min(kPause, left()), stop_);
    }
  }

 private:
  Duration patience() const { return settings_.pipeline.kafka.patience; }
  milliseconds left() const { return std::chrono::duration_cast<milliseconds>(deadline_ - steady_clock::now()); }
  KafkaClient::Wait wait() const {
    KafkaClient::Wait wait{.stop = &stop_};
    wait.most = std::clamp(left(), kShortestTry, wait.most);
    return wait;
  }

  // Nothing is written before all is found to be in order; the time of the input is moved but once, and before the log
  // takes note of the input's ends.
  Result<std::unique_ptr<KafkaLog>> try_once() {
    const KafkaOptions& kafka = settings_.pipeline.kafka;
    const TopicOptions& topics = settings_.pipeline.topics;
    const Outputs outputs = wanted_.create_topics ? Outputs::kMadeLater : Outputs::kMustBeThere;
    DRIFTCAST_TRY(check_start(settings_, outputs, wait()));
    if (wanted_.create_topics) DRIFTCAST_TRY(create_topics(kafka, topics));
    if (wanted_.close && !closed_) DRIFTCAST_TRY(write_advances(kafka, topics.input, advance_value({}), wait()));
    closed_ = true;
    return KafkaLog::open(settings_.pipeline, wanted_.until);
  }

  const Settings& settings_;
  const KafkaRun& wanted_;
  const std::atomic<bool>& stop_;
  steady_clock::time_point deadline_;
  bool closed_ = false;
};

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
    const auto acquired = log.acquire(stop, [&](const std::string& trouble) {
      tell_why_not_ready(metrics, trouble.empty() ? "waiting for partitions of the group" : trouble);
    });
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

Result<Summary> run_kafka(const Settings& settings, const ModelSet& models, const KafkaRun& wanted,
                          const std::atomic<bool>& stop, const std::function<void(const Progress&)>& report,
                          const Watchers& watchers) {
  const LastResort last_resort(stop);
  const auto state = StateDirectory::make(settings, std::filesystem::temp_directory_path().string());
  if (!state) return state.error();
  auto store = RocksDbStore::open(state->path() + "/store", settings.state);
  if (!store) return store.error();
  auto log = Opener(settings, wanted, stop).open(watchers.metrics);
  if (!log) return log.error();
  if (*log == nullptr) return Summary();
  Job job(settings, models, **store, {stop, report, [&] { return (*log)->progress(); }, watchers});
  DRIFTCAST_TRY(work(job, **log, watchers.metrics, stop));
  if (!settings.state.dir.empty()) DRIFTCAST_TRY((*store)->flush());
  return job.summary();
}

}  // namespace driftcast
