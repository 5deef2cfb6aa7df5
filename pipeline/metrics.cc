#include "pipeline/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <utility>
#include <vector>

#include "pipeline/version.h"

namespace driftcast {
namespace {

using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;
using Buckets = Histogram::BucketBoundaries;

// Every record has one of these outcomes, so their sum is the number of records read.
constexpr auto kOutcomes = std::to_array<std::pair<Counter, const char*>>({
    {Counter::kProcessed, "processed"},
    {Counter::kLate, "late"},
    {Counter::kDuplicate, "duplicate"},
    {Counter::kDeadLetter, "dead_letter"},
    {Counter::kAdvances, "advance"},
    {Counter::kErased, "erased"},
});

struct Made {
  Counter counter;
  const char* name;
  const char* help;
};
constexpr auto kMade = std::to_array<Made>({
    {Counter::kUsers, "driftcast_users_total", "Users seen for the first time."},
    {Counter::kSessions, "driftcast_sessions_total", "Sessions closed."},
    {Counter::kSteps, "driftcast_steps_total", "Steps of users closed."},
    {Counter::kForecasts, "driftcast_forecasts_total", "Forecasts made."},
    {Counter::kDriftSignals, "driftcast_drift_signals_total", "Drift signals raised."},
});

enum Quantity : std::size_t { kPosition, kLag, kWatermark, kDelay, kRestored, kQuantities };
constexpr std::array<std::pair<const char*, const char*>, kQuantities> kPartitionGauges = {{
    {"driftcast_position_offset", "Offset of the next record to be processed."},
    {"driftcast_lag_records", "Records of the input that are there and not processed."},
    {"driftcast_watermark_timestamp_seconds", "Watermark, in seconds since 1970."},
    {"driftcast_watermark_delay_seconds", "Wall time minus watermark."},
    {"driftcast_restore_progress_ratio", "Share of the states that are there again after a start."},
}};

const Buckets kEpochSeconds = {0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30};
const Buckets kCommitSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15};
const Buckets kEpochRecords = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};
const Buckets kBatchSteps = {1, 4, 16, 64, 256, 1024, 4096};

Family<prometheus::Counter>& counters(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Gauge>& gauges(Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Histogram& histogram(Registry& registry, const char* name, const char* help, const Buckets& buckets) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_bytes() {
  double size = 0, resident = 0;  // in pages
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double epoch_seconds(Metrics::WallTime time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

std::optional<double> epoch_seconds(std::optional<EventTime> time) {
  if (!time) return std::nullopt;
  return 1e-3 * static_cast<double>(millis(*time));
}

template <class Number>
std::optional<double> number(std::optional<Number> value) {
  if (!value) return std::nullopt;
  return static_cast<double>(*value);
}

// The absolute errors of what was forecast, by horizon.
class Scores final : public Observer {
 public:
  Scores(Registry& registry, std::span<const int> horizons) {
    auto& matured = counters(registry, "driftcast_matured_forecasts_total",
                             "Forecasts whose outcome is known, by horizon in steps.");
    auto& errors = counters(registry, "driftcast_matured_forecasts_absolute_error_total",
                            "Sum of their absolute errors, in events.");
    for (int horizon : horizons) {
      const Labels labels{{"horizon", std::to_string(horizon)}};
      horizons_.emplace_back(&matured.Add(labels), &errors.Add(labels));
    }
  }

  void accepted(const Event&, Step) override {}
  void judged(const StepClosed&, std::span<const Matured> matured, const std::optional<Forecast>&) override {
    for (const Matured& each : matured) {
      horizons_[each.slot].first->Increment();
      horizons_[each.slot].second->Increment(std::abs(each.y - double{each.forecast.mean}));
    }
  }

 private:
  std::vector<std::pair<prometheus::Counter*, prometheus::Counter*>> horizons_;
};

}  // namespace

struct Metrics::Series {
  using Gauges = std::array<Gauge*, kQuantities>;  // null: no series

  explicit Series(std::span<const int> horizons);

  void show(Partition partition, Gauges& gauges, Quantity quantity, std::optional<double> value);
  void refresh(WallTime now);

  Registry registry;
  std::array<prometheus::Counter*, kCounters> counted{};
  Scores scores;
  std::array<Family<Gauge>*, kQuantities> families{};
  Histogram& epoch_duration;
  Histogram& commit_duration;
  Histogram& epoch_records;
  Histogram& batch_steps;
  Family<prometheus::Counter>& rollbacks;
  prometheus::Counter& rebalances;
  Gauge& network_on_device;
  prometheus::Counter& network_device_lost;
  Family<Gauge>& input_progress;
  Gauge& ready;
  prometheus::Counter& cpu;
  Gauge& resident;

  mutable std::mutex mutex;  // guards what follows, and refreshing
  std::map<Partition, Gauges> partitions;
  std::string unready = "starting";
};

Metrics::Series::Series(std::span<const int> horizons)
    : scores(registry, horizons),
      epoch_duration(histogram(registry, "driftcast_epoch_duration_seconds",
                               "Time from an epoch's first record to its commit.", kEpochSeconds)),
      commit_duration(histogram(registry, "driftcast_commit_duration_seconds",
                                "Time that an epoch's commit took, of outputs and states.", kCommitSeconds)),
      epoch_records(
          histogram(registry, "driftcast_epoch_records", "Records that were committed together.", kEpochRecords)),
      batch_steps(
          histogram(registry, "driftcast_batch_steps", "Closed steps that were forecast together.", kBatchSteps)),
      rollbacks(counters(registry, "driftcast_rollbacks_total", "Epochs taken back, by reason.")),
      rebalances(
          counters(registry, "driftcast_rebalances_total", "Times the partitions were shared out anew.").Add({})),
      network_on_device(
          gauges(registry, "driftcast_network_on_device", "1 when the network runs on a device, not on the CPU.")
              .Add({})),
      network_device_lost(counters(registry, "driftcast_network_device_lost_total",
                                   "Times a device was lost; from then on the network ran on the CPU.")
                              .Add({})),
      input_progress(gauges(registry, "driftcast_input_progress_ratio", "Share read of an input that has an end.")),
      ready(gauges(registry, "driftcast_ready", "1 when the job processes its input.").Add({})),
      cpu(counters(registry, "process_cpu_seconds_total", "CPU time, user and system.").Add({})),
      resident(gauges(registry, "process_resident_memory_bytes", "Resident memory.").Add({})) {
  auto& records = counters(registry, "driftcast_records_total", "Records of the input by what became of them.");
  for (const auto& [counter, outcome] : kOutcomes) {
    counted[static_cast<std::size_t>(counter)] = &records.Add({{"outcome", outcome}});
  }
  for (const Made& made : kMade) {
    counted[static_cast<std::size_t>(made.counter)] = &counters(registry, made.name, made.help).Add({});
  }
  for (std::size_t q = 0; q < kQuantities; ++q) {
    families[q] = &gauges(registry, kPartitionGauges[q].first, kPartitionGauges[q].second);
  }
  gauges(registry, "driftcast_build_info", "1, for the version of the program.").Add({{"version", kVersion}}).Set(1);
  gauges(registry, "process_start_time_seconds", "Start of the process, in seconds since 1970.")
      .Add({})
      .Set(epoch_seconds(std::chrono::system_clock::now()));
}

void Metrics::Series::show(Partition partition, Gauges& gauges, Quantity quantity, std::optional<double> value) {
  Gauge*& gauge = gauges[quantity];
  if (!value) {
    if (gauge != nullptr) families[quantity]->Remove(gauge);
    gauge = nullptr;
    return;
  }
  if (gauge == nullptr) gauge = &families[quantity]->Add({{"partition", std::to_string(partition)}});
  gauge->Set(*value);
}

void Metrics::Series::refresh(WallTime now) {
  const std::lock_guard lock(mutex);
  for (auto& [partition, gauges] : partitions) {
    std::optional<double> delay;
    if (gauges[kWatermark] != nullptr) delay = epoch_seconds(now) - gauges[kWatermark]->Value();
    show(partition, gauges, kDelay, delay);
  }
  cpu.Increment(cpu_seconds() - cpu.Value());
  resident.Set(resident_bytes());
}

Metrics::Metrics(std::span<const int> horizons) : series_(std::make_unique<Series>(horizons)) {}
Metrics::~Metrics() = default;

void Metrics::count(const Counters& more) {
  for (std::size_t counter = 0; counter < kCounters; ++counter) {
    if (series_->counted[counter] != nullptr) series_->counted[counter]->Increment(static_cast<double>(more[counter]));
  }
}

void Metrics::committed(const EpochFigures& epoch) {
  series_->epoch_duration.Observe(epoch.duration.count());
  series_->commit_duration.Observe(epoch.commit.count());
  series_->epoch_records.Observe(static_cast<double>(epoch.records));
}

void Metrics::batch(std::int64_t steps) { series_->batch_steps.Observe(static_cast<double>(steps)); }

void Metrics::partition(Partition partition, const PartitionFigures& figures) {
  const std::lock_guard lock(series_->mutex);
  Series::Gauges& gauges = series_->partitions[partition];
  series_->show(partition, gauges, kPosition, number(figures.position));
  series_->show(partition, gauges, kLag, number(figures.lag));
  series_->show(partition, gauges, kWatermark, epoch_seconds(figures.watermark));
  series_->show(partition, gauges, kRestored, figures.restored);
}

void Metrics::forget(Partition partition) {
  const std::lock_guard lock(series_->mutex);
  const auto found = series_->partitions.find(partition);
  if (found == series_->partitions.end()) return;
  for (std::size_t q = 0; q < kQuantities; ++q) {
    series_->show(partition, found->second, static_cast<Quantity>(q), std::nullopt);
  }
  series_->partitions.erase(found);
}

void Metrics::rolled_back(std::string_view reason) {
  series_->rollbacks.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::rebalanced() { series_->rebalances.Increment(); }

void Metrics::network_on_device(bool on_device) { series_->network_on_device.Set(on_device ? 1 : 0); }

void Metrics::network_device_lost() {
  series_->network_device_lost.Increment();
  network_on_device(false);
}

void Metrics::input_progress(double share) { series_->input_progress.Add({}).Set(share); }

void Metrics::ready() { not_ready(""); }

void Metrics::not_ready(std::string reason) {
  const std::lock_guard lock(series_->mutex);
  series_->ready.Set(reason.empty() ? 1 : 0);
  series_->unready = std::move(reason);
}

std::string Metrics::unready() const {
  const std::lock_guard lock(series_->mutex);
  return series_->unready;
}

Observer& Metrics::forecast_scores() { return series_->scores; }

std::string Metrics::text(WallTime now) const {
  series_->refresh(now);
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, series_->registry.Collect());
  return std::move(text).str();
}

}  // namespace driftcast
