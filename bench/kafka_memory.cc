// Scenario `memory`: what the job holds in memory under a steady load, and while its broker is away.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/kafka_feed.h"
#include "bench/kafka_report.h"
#include "bench/kafka_scenarios.h"

namespace driftcast::bench {
namespace {

constexpr std::chrono::seconds kLimit{300};  // for a probe to come out
constexpr std::chrono::seconds kSettle{60};  // after the outage

struct MemoryOptions {
  Fill fill{.users = 300'000};
  FeedOptions feed{.rate = 10'000};
  double minutes = 15;
  int outage = 70;
};

// Samples of the resident set, one a second, in MiB. A phase's first one is taken when it begins.
class Samples {
 public:
  Samples(const Process& instance, ProbeReader& reader) : instance_(instance), reader_(reader) {}

  std::vector<double> during(std::chrono::seconds length) {
    std::vector<double> mib;
    for (const auto end = Clock::now() + length; Clock::now() < end;) {
      instance_.check_runs();
      mib.push_back(instance_.rss_mib());
      reader_.all(std::chrono::seconds{1});
    }
    mib.push_back(instance_.rss_mib());
    return mib;
  }

 private:
  const Process& instance_;
  ProbeReader& reader_;
};

// MiB a minute: the slope of a straight line through the second half of the samples, by least squares.
double growth(const std::vector<double>& mib) {
  const std::size_t begin = mib.size() / 2;
  const auto count = static_cast<double>(mib.size() - begin);
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (std::size_t i = begin; i < mib.size(); ++i) {
    const auto x = static_cast<double>(i - begin);
    sum_x += x;
    sum_y += mib[i];
    sum_xx += x * x;
    sum_xy += x * mib[i];
  }
  const double spread = count * sum_xx - sum_x * sum_x;
  return spread > 0 ? 60 * (count * sum_xy - sum_x * sum_y) / spread : 0;
}

void print(Report& report, const std::string& phase, const std::vector<double>& mib) {
  report.row(phase + ": RSS at the start, MiB", mib.front(), {}, 0);
  report.row(phase + ": RSS halfway, MiB", mib[mib.size() / 2], {}, 0);
  report.row(phase + ": RSS at the end, MiB", mib.back(), mib, 0);
  report.row(phase + ": growth in the second half, MiB/minute", growth(mib), {}, 2);
}

void memory(const Common& common, const MemoryOptions& options) {
  Broker broker;
  const Job job(broker, common, "live", {"kafka.instance=one"});
  const Filled filled = fill(broker, common, job, options.fill);
  ProbeReader reader(job);
  const auto instance = job.start(false);
  await_partitions(*instance);
  Feed feed(job, options.feed);
  reader.await(&Probe::is_timely, *instance, kLimit);
  Samples samples(*instance, reader);

  progress(fmt::format("{:.1f} minutes of {:.0f} events/s", options.minutes, options.feed.rate));
  const auto steady = samples.during(std::chrono::seconds{static_cast<int>(60 * options.minutes)});
  feed.check();

  progress(fmt::format("the broker is away for {} s", options.outage));
  feed.hold(true);  // its own client would give up
  broker.kill();
  const auto away = samples.during(std::chrono::seconds{options.outage});
  broker.start();
  const auto back = Clock::now();
  feed.hold(false);
  const double recovery = seconds_between(back, reader.await(&Probe::is_timely, *instance, kLimit).seen);
  progress("the broker is back");
  const auto after = samples.during(kSettle);
  feed.check();

  Report report(fmt::format(
      "memory: states of {} users, from {} events; {:.0f} events/s of {} users, {:.1f} minutes, then {} s without the "
      "broker, then {} s; {} partitions",
      filled.users, filled.records, options.feed.rate, options.feed.users, options.minutes, options.outage,
      kSettle.count(), common.partitions));
  print(report, "steady", steady);
  print(report, "broker away", away);
  print(report, "broker back", after);
  report.row("broker serves again until no output is later than 1 s, s", {recovery}, 1);
}

}  // namespace

void add_memory(CLI::App& app, Common& common) {
  auto* command = add_scenario(app, common, "memory", "resident memory under a steady load and without the broker");
  auto options = std::make_shared<MemoryOptions>();
  add_fill(*command, options->fill);
  command->add_option("--rate", options->feed.rate, "Events a second")->capture_default_str();
  command->add_option("--minutes", options->minutes, "Steady load")->capture_default_str();
  command->add_option("--outage", options->outage, "Seconds without the broker")->capture_default_str();
  command->callback([&common, options] {
    options->feed.users = static_cast<std::uint32_t>(asked_users(options->fill));
    memory(common, *options);
  });
}

}  // namespace driftcast::bench
