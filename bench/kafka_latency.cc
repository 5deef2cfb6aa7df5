// Scenario `latency`: from the moment a record is written until what came of it can be read, under load.
// Why dead letters are a fair probe: kafka_feed.h.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/kafka_feed.h"
#include "bench/kafka_report.h"
#include "bench/kafka_scenarios.h"

namespace driftcast::bench {
namespace {

constexpr std::chrono::seconds kFirstProbe{60};
constexpr std::chrono::seconds kWarmUp{5};
constexpr std::size_t kParts = 4;  // of the time, for the spread
constexpr double kShareOfTop = 0.7;
constexpr double kTolerated = 1;  // seconds of the feed
constexpr std::int64_t kQuickEvents = 1'000'000;

struct LatencyOptions {
  FeedOptions feed;
  int seconds = 60;
};

// Events/s that the job takes of what the feed would write.
double top_rate(Broker& broker, const Common& common, std::uint32_t users) {
  progress("looking how fast the job is");
  const Job job(broker, common, "quick");
  write_events(job, kQuickEvents, users);
  return static_cast<double>(kQuickEvents) / pass(job).work_s;
}

std::vector<double> latencies(const std::vector<Probe>& probes, std::size_t begin, std::size_t end) {
  std::vector<double> all;
  for (std::size_t i = begin; i < end; ++i) all.push_back(probes[i].latency_ms());
  return all;
}

// A row for each share of the probes: of all of them, and the range over the parts of the time.
void print(Report& report, const std::vector<Probe>& probes) {
  std::vector<double> all = latencies(probes, 0, probes.size());
  const std::pair<const char*, double> rows[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};
  for (const auto& [name, share] : rows) {
    std::vector<double> parts;
    for (std::size_t part = 0; part < kParts; ++part) {
      auto some = latencies(probes, probes.size() * part / kParts, probes.size() * (part + 1) / kParts);
      parts.push_back(quantile(some, share));
    }
    report.row(fmt::format("written to visible, {}, ms", name), quantile(all, share), parts, 1);
  }
}

void latency(const Common& common, const LatencyOptions& options) {
  Broker broker;
  FeedOptions feeding = options.feed;
  const double top = feeding.rate > 0 ? 0 : top_rate(broker, common, feeding.users);
  if (top > 0) feeding.rate = kShareOfTop * top;
  const Job job(broker, common, "live");
  ProbeReader reader(job);
  const auto instance = job.start(false);
  await_partitions(*instance);
  Feed feed(job, feeding);
  reader.await([](const Probe&) { return true; }, *instance, kFirstProbe);
  progress(fmt::format("{:.0f} events/s for {} s", feeding.rate, options.seconds));
  reader.all(kWarmUp);
  const std::int64_t before = feed.events();
  const auto began = Clock::now();
  const std::vector<Probe> probes = reader.all(std::chrono::seconds{options.seconds});
  const double reached = static_cast<double>(feed.events() - before) / seconds_since(began);
  const std::int64_t lag = job.lag();
  feed.check();
  const double rss = instance->rss_mib();
  instance->check_runs();
  if (probes.size() < kParts) throw Failure("hardly any probe has come out: the job does not keep up");
  Report report(fmt::format("latency: {:.0f} events/s of {} users{}, {} probes/s, {} s, {} partitions", feeding.rate,
                            feeding.users, top > 0 ? fmt::format(" (70 % of {:.0f})", top) : "", feeding.probes,
                            options.seconds, common.partitions));
  print(report, probes);
  report.row("probes", {static_cast<double>(probes.size())});
  report.row("events/s written", {reached});
  report.row("records not committed yet, at the end", {static_cast<double>(lag)});
  report.row("RSS at the end, MiB", {rss});
  report.note("lowest and highest: of the four quarters of the time");
  if (static_cast<double>(lag) > kTolerated * feeding.rate) {
    report.note("the job does not keep up with the feed, which takes CPU of the same machine: give a lower --rate");
  }
}

}  // namespace

void add_latency(CLI::App& app, Common& common) {
  auto* command = add_scenario(app, common, "latency", "from a record's writing until its output is visible");
  auto options = std::make_shared<LatencyOptions>();
  command->add_option("--rate", options->feed.rate,
                      "Events a second; default: 70 % of what a quick look says is possible");
  command->add_option("--probes", options->feed.probes, "Probes a second among them")->capture_default_str();
  command->add_option("--users", options->feed.users, "Users they come from")->capture_default_str();
  command->add_option("--seconds", options->seconds, "Time that is measured")->capture_default_str();
  command->callback([&common, options] { latency(common, *options); });
}

}  // namespace driftcast::bench
