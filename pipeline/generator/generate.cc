#include "pipeline/generator/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "pipeline/kafka_writer.h"
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

// Where the records go. Lines come whole; false: nobody reads them any more.
struct Target {
  std::function<Result<bool>(std::string_view lines)> write;
  std::function<Result<void>()> close;
};

// The user of a record, as far as it has one: the ids that we make hold nothing that JSON escapes.
std::string_view user_of(std::string_view record) {
  constexpr std::string_view kBefore = R"("user_id":")";
  const std::size_t found = record.find(kBefore);
  if (found == std::string_view::npos) return {};
  const std::string_view rest = record.substr(found + kBefore.size());
  const std::size_t end = rest.find('"');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

Result<bool> write_keyed(KafkaWriter& writer, std::string_view lines) {
  while (!lines.empty()) {
    const std::string_view record = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(record.size() + 1, lines.size()));
    DRIFTCAST_TRY(writer.write(user_of(record), record));
  }
  return true;
}

Result<Target> open_topic(const TopicTarget& target) {
  auto opened = KafkaWriter::open(target.kafka, target.topic);
  if (!opened) return opened.error();
  const std::shared_ptr<KafkaWriter> writer = std::move(*opened);  // shared by the two functions
  return Target{[writer](std::string_view lines) { return write_keyed(*writer, lines); },
                [writer] { return writer->flush(); }};
}

Result<Target> open_file(const std::string& path) {
  auto opened = TextSink::open(path);
  if (!opened) return opened.error();
  const std::shared_ptr<TextSink> sink = std::move(*opened);
  return Target{[sink](std::string_view lines) { return sink->write(lines); }, [sink] { return sink->close(); }};
}

// Records are written in large pieces, except that none waits in the buffer for the time of the next one.
Result<void> write_records(Generator& generator, Pace pace, const Target& target, const std::atomic<bool>& stop,
                           const Progress& progress) {
  std::string buffer;
  std::string record;
  bool open = true;
  const auto flush = [&]() -> Result<void> {
    auto written = target.write(buffer);
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
  return target.close();
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
  const auto target = job.topic ? open_topic(*job.topic) : open_file(job.out);
  if (!target) return target.error();
  std::unique_ptr<TextSink> labels_sink;
  if (!job.labels.empty()) {
    auto opened = TextSink::open(job.labels);
    if (!opened) return opened.error();
    labels_sink = std::move(*opened);
  }
  const auto begin = Steady::now();
  Generator generator(job.options);
  DRIFTCAST_TRY(write_records(generator, Pace(job.speed, stop), *target, stop, progress));
  GenerateSummary summary{generator.made(), 0, seconds_since(begin)};
  const std::vector<PlantedLabel> labels = generator.labels();
  summary.drifts = std::count_if(labels.begin(), labels.end(), is_drift);
  if (labels_sink) DRIFTCAST_TRY(write_labels(labels, *labels_sink));
  return summary;
}

}  // namespace driftcast
