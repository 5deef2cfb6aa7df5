// Scenario `takeover`: how long the partitions of an instance that dies give no output, when another goes on.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/kafka_feed.h"
#include "bench/kafka_report.h"
#include "bench/kafka_scenarios.h"
#include "pipeline/options.h"

namespace driftcast::bench {
namespace {

constexpr std::chrono::seconds kLimit{300};  // for a probe to come out

struct TakeoverOptions {
  FeedOptions feed{.rate = 10'000, .users = 20'000};
  int runs = 3;
};

// Dead and alive change places from run to run, so that each time states are brought to where the other one had them.
void takeover(const Common& common, const TakeoverOptions& options) {
  Broker broker;
  const Job job(broker, common, "live");
  ProbeReader reader(job);
  auto one = job.start(false, "one"), two = job.start(false, "two");
  await_partitions(*one);
  await_partitions(*two);
  Feed feed(job, options.feed);
  reader.await_all(&Probe::is_timely, *one, kLimit);
  std::vector<double> beyond, until_back;
  const double session_s = kSessionTimeoutMs / 1e3;
  for (int run = 1; run <= options.runs; ++run) {
    reader.all(std::chrono::seconds{15});  // states are shipped and changed again meanwhile
    progress(fmt::format("SIGKILL, {} of {}", run, options.runs));
    const auto died = Clock::now();
    one->kill();
    const Probe last = reader.await_all([&](const Probe& probe) { return probe.written >= died; }, *two, kLimit);
    until_back.push_back(seconds_between(died, last.seen));
    beyond.push_back(until_back.back() - session_s);
    one = job.start(false, run % 2 == 1 ? "one" : "two");
    await_partitions(*one);
    reader.await_all(&Probe::is_timely, *one, kLimit);
    std::swap(one, two);
    feed.check();
  }
  Report report(fmt::format(
      "takeover: two instances, {:.0f} events/s of {} users, one dies by SIGKILL; {} partitions, {} time(s), session "
      "time-out {} s, changelog.interval as by default",
      options.feed.rate, options.feed.users, common.partitions, options.runs, session_s));
  report.row("death to first new output of the last partition, s", until_back, 2);
  report.row("the same beyond the session time-out, s", beyond, 2);
}

}  // namespace

void add_takeover(CLI::App& app, Common& common) {
  auto* command = add_scenario(app, common, "takeover", "how long a dead instance's partitions give no output");
  auto options = std::make_shared<TakeoverOptions>();
  command->add_option("--rate", options->feed.rate, "Events a second")->capture_default_str();
  command->add_option("--users", options->feed.users, "Users they come from")->capture_default_str();
  command->add_option("--runs", options->runs, "Deaths")->check(CLI::Range(1, 100))->capture_default_str();
  command->callback([&common, options] { takeover(common, *options); });
}

}  // namespace driftcast::bench
