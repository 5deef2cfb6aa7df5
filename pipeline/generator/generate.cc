#include "pipeline/generator/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "pipeline/text_sink.h"

namespace driftcast {
namespace {

using Steady = std::chrono::steady_clock;
using Progress = std::function<void(std::int64_t records)>;

constexpr std::size_t kBuffer = 256 << 10;

double seconds_since(Steady::time_point begin) { return std::chrono::duration<double>(Steady::now() - begin).count(); }

// Lets event time pass `speed` times as fast as real time, from the first record on.
class Pace {
 public:
  Pace(double speed, const std::atomic<bool>& stop) : speed_(speed), stop_(stop) {}

  bool is_early(EventTime at) { return speed_ > 0 && wait_s(at) > 0; }

  void wait_for(EventTime at) {
    for (double s = wait_s(at); s > 0 && !stop_; s = wait_s(at)) {
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(s, 0.1)));
    }
  }

 private:
  double wait_s(EventTime at) {
    first_ = std::min(first_, at);
    return static_cast<double>((at - first_).count()) / 1000 / speed_ - seconds_since(begin_);
  }

  double speed_;
  const std::atomic<bool>& stop_;
  EventTime first_ = kEndOfTime;
  Steady::time_point begin_ = Steady::now();
};

// Records are written in large pieces, except that none waits in the buffer for the time of the next one.
Result<void> write_records(Generator& generator, Pace pace, TextSink& sink, const std::atomic<bool>& stop,
                           const Progress& progress) {
  std::string buffer;
  std::string record;
  bool open = true;
  const auto flush = [&]() -> Result<void> {
    auto written = sink.write(buffer);
    if (!written) return written.error();
    open = *written;
    buffer.clear();
    progress(generator.made().records);
    return {};
  };
  while (open && !stop) {
    record.clear();
    if (!generator.next(record)) break;
    if (pace.is_early(generator.now())) {
      DRIFTCAST_TRY(flush());
      pace.wait_for(generator.now());
    }
    buffer += record;
    if (buffer.size() >= kBuffer) DRIFTCAST_TRY(flush());
  }
  if (open) DRIFTCAST_TRY(flush());
  return sink.close();
}

Result<void> write_labels(const std::vector<PlantedLabel>& labels, TextSink& sink) {
  std::string text;
  for (const PlantedLabel& label : labels) {
    append_label(text, label);
    text += '\n';
  }
  if (auto written = sink.write(text); !written) return written.error();
  return sink.close();
}

bool is_drift(const PlantedLabel& label) {
  return label.kind == PlantedKind::kMix || label.kind == PlantedKind::kVolume;
}

}  // namespace

Result<GenerateSummary> generate(const GenerateJob& job, const std::atomic<bool>& stop, const Progress& progress) {
  DRIFTCAST_TRY(check_options(job.options));
  if (!(job.speed >= 0 && job.speed <= 1e9)) {
    return error(ErrorCode::kUsage, fmt::format("--speed: '{}' is out of range: allowed are 0 to 1e9", job.speed));
  }
  auto sink = TextSink::open(job.out);
  if (!sink) return sink.error();
  std::unique_ptr<TextSink> labels_sink;
  if (!job.labels.empty()) {
    auto opened = TextSink::open(job.labels);
    if (!opened) return opened.error();
    labels_sink = std::move(*opened);
  }
  const auto begin = Steady::now();
  Generator generator(job.options);
  DRIFTCAST_TRY(write_records(generator, Pace(job.speed, stop), **sink, stop, progress));
  GenerateSummary summary{generator.made(), 0, seconds_since(begin)};
  const std::vector<PlantedLabel> labels = generator.labels();
  summary.drifts = std::count_if(labels.begin(), labels.end(), is_drift);
  if (labels_sink) DRIFTCAST_TRY(write_labels(labels, *labels_sink));
  return summary;
}

}  // namespace driftcast
