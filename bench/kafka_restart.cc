// Scenarios `restart` and `restore`: how long nothing comes out when an instance with many states ends and starts
// again, with its state directory and without.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>
#include <set>

#include "bench/kafka_feed.h"
#include "bench/kafka_report.h"
#include "bench/kafka_scenarios.h"

namespace driftcast::bench {
namespace {

constexpr std::chrono::seconds kLimit{600};  // for a probe to come out
constexpr double kAskedPerUser = 1.7;        // users that `generate` is asked for, so that enough of them do something
constexpr double kEventsPerUser = 4.6;
constexpr int kProbeKeys = 256;

// So many days ago, as `generate` wants its first day.
std::string day_before(int days) {
  const auto day = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()) - std::chrono::days{days};
  const std::chrono::year_month_day date{day};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::int64_t wall_ms() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

}  // namespace

void add_fill(CLI::App& command, Fill& fill) {
  command.add_option("--users", fill.users, "Users, about, whose states are there first")->capture_default_str();
  command.add_option("--days", fill.days, "Days of event time behind these states")->capture_default_str();
}

std::int64_t asked_users(const Fill& options) {
  return static_cast<std::int64_t>(kAskedPerUser * static_cast<double>(options.users));
}

Filled fill(Broker& broker, const Common& common, const Job& job, const Fill& options) {
  const auto records = static_cast<std::int64_t>(kEventsPerUser * static_cast<double>(options.users));
  progress(fmt::format("generating {} events of about {} users", records, options.users));
  generate(broker, common, job.topics().input,
           {"--events", std::to_string(records), "--users", std::to_string(asked_users(options)), "--days",
            std::to_string(options.days), "--start", day_before(options.days), "--zipf", "0.2", "--seed", "7"});
  progress("filling the states");
  const Pass made = pass(job);
  const std::string users = told(made.talk, "\nusers ");
  return {records, users.substr(0, users.find(' ')), made};
}

namespace {

// --- restart ---

struct RestartOptions {
  Fill fill;
  FeedOptions feed;
  int runs = 3;
};

struct Gaps {
  std::vector<double> ending, output, caught_up, whole;  // seconds
};

class Restarts {
 public:
  Restarts(const Job& job, const FeedOptions& options) : job_(job), reader_(job), instance_(job.start(false)) {
    await_partitions(*instance_);
    feed_.emplace(job, options);
    progress("waiting until the job has caught up with the feed");
    await_all_caught_up();
  }

  // The instance ends by this signal and a new one starts at once.
  void restart(int signal, Gaps& gaps) {
    progress(signal == SIGTERM ? "SIGTERM" : "SIGKILL");
    const auto told_to_end = Clock::now();
    signal == SIGTERM ? static_cast<void>(instance_->stop_well()) : instance_->kill();
    const auto ended = Clock::now();
    const std::int64_t since_ms = wall_ms();  // what was written before is the old one's
    instance_ = job_.start(false);
    const auto by_the_new_one = [&](const Probe& probe) { return probe.produced_ms >= since_ms; };
    const Probe first = reader_.await(by_the_new_one, *instance_, kLimit);
    const Probe last = await_all_caught_up();
    gaps.ending.push_back(seconds_between(told_to_end, ended));
    gaps.output.push_back(seconds_between(instance_->started(), first.seen));
    gaps.caught_up.push_back(seconds_between(instance_->started(), last.seen));
    gaps.whole.push_back(seconds_between(told_to_end, first.seen));
    feed_->check();
  }

  // So that states have been shipped and changed again since the last time.
  void work_for(std::chrono::seconds length) { reader_.all(length); }

  void check() { instance_->check_runs(); }
  double rss_mib() const { return instance_->rss_mib(); }

 private:
  // The last partition's first probe that is not late any more.
  Probe await_all_caught_up() { return reader_.await_all(&Probe::is_timely, *instance_, kLimit); }

  const Job& job_;
  ProbeReader reader_;
  std::unique_ptr<Process> instance_;
  std::optional<Feed> feed_;
};

void print(Report& report, const std::string& signal, const Gaps& gaps) {
  report.row(signal + ": until the process has ended, s", gaps.ending, 2);
  report.row(signal + ": start of the new one to its first output visible, s", gaps.output, 2);
  report.row(signal + ": start of the new one until no partition's output is later than 1 s, s", gaps.caught_up, 2);
  report.row(signal + ": signal to first output of the new one, s", gaps.whole, 2);
}

void restart(const Common& common, const RestartOptions& options) {
  Broker broker;
  const Job job(broker, common, "events", {"kafka.instance=one"});
  const Filled filled = fill(broker, common, job, options.fill);
  Restarts restarts(job, options.feed);
  Gaps stops, kills;
  for (int run = 0; run < options.runs; ++run) {
    restarts.work_for(std::chrono::seconds{15});
    restarts.restart(SIGTERM, stops);
    restarts.work_for(std::chrono::seconds{15});
    restarts.restart(SIGKILL, kills);
  }
  restarts.check();
  const double rss = restarts.rss_mib();
  Report report(fmt::format(
      "restart: states of {} users, from {} events; {:.0f} events/s of {} users while it is restarted; {} partitions, "
      "{} "
      "time(s) each, kafka.instance given",
      filled.users, filled.records, options.feed.rate, options.feed.users, common.partitions, options.runs));
  print(report, "SIGTERM", stops);
  print(report, "SIGKILL", kills);
  report.row("filling the states, events/s", {static_cast<double>(filled.records) / filled.pass.work_s});
  report.row("RSS at the end, MiB", {rss});
}

// --- restore ---

struct RestoreOptions {
  Fill fill;
  int runs = 3;
};

struct Size {
  std::int64_t records = 0, bytes = 0;
};

// All that a reader of the whole changelog sees.
Size size_of_changelog(const Job& job) {
  KafkaReader reader = reader_of(job.kafka(), job.topics().changelog, From::kBeginning);
  Size size;
  while (!reader.at_end()) {
    pause(std::chrono::milliseconds{0});
    const auto record = need(reader.poll(std::chrono::milliseconds{100}));
    if (!record) continue;
    ++size.records;
    size.bytes += static_cast<std::int64_t>(record->key.value_or("").size() + record->value.value_or("").size());
  }
  return size;
}

struct Restored {
  double first_s = 0, all_s = 0;  // since it held its partitions, until the first and the last of them gave output
  Ended ended;
};

// There is a probe in each partition, so the last one's first probe says when all work.
Restored restore_once(const Job& job) {
  std::filesystem::remove_all(job.state());
  ProbeReader reader(job);
  write_probes(job, kProbeKeys);
  const auto instance = job.start(true);
  const auto held = await_partitions(*instance);
  std::set<Partition> seen;
  const auto is_first = [&](const Probe& probe) { return seen.insert(probe.partition).second; };
  Restored restored;
  while (seen.size() < static_cast<std::size_t>(job.partitions())) {
    restored.all_s = seconds_between(held, reader.await(is_first, *instance, kLimit).seen);
    if (seen.size() == 1) restored.first_s = restored.all_s;
  }
  restored.ended = instance->wait_well();
  return restored;
}

void restore(const Common& common, const RestoreOptions& options) {
  Broker broker;
  const Job job(broker, common, "events", {"kafka.instance=one"});
  const Filled filled = fill(broker, common, job, options.fill);
  const Size size = size_of_changelog(job);
  std::vector<double> first, all, records, mib, peak, cpu;
  for (int run = 1; run <= options.runs; ++run) {
    progress(fmt::format("restoring {} records, {} of {}", size.records, run, options.runs));
    const Restored restored = restore_once(job);
    first.push_back(restored.first_s);
    all.push_back(restored.all_s);
    records.push_back(static_cast<double>(size.records) / restored.all_s);
    mib.push_back(static_cast<double>(size.bytes) / (1 << 20) / restored.all_s);
    peak.push_back(restored.ended.peak_mib);
    cpu.push_back(1e6 * restored.ended.cpu_s / static_cast<double>(size.records));
  }
  Report report(fmt::format("restore: states of {} users, from {} events; {} partitions, {} run(s)", filled.users,
                            filled.records, common.partitions, options.runs));
  report.row("records of the changelog", {static_cast<double>(size.records)});
  report.row("MiB of the changelog, keys and values", {static_cast<double>(size.bytes) / (1 << 20)}, 1);
  report.row("records/s, from holding partitions until all of them work", records);
  report.row("MiB/s", mib, 1);
  report.row("s from holding partitions until the first works", first, 2);
  report.row("s from holding partitions until all work", all, 2);
  report.row("CPU us/record, whole process", cpu, 2);
  report.row("peak RSS, MiB", peak);
}

}  // namespace

void add_restart(CLI::App& app, Common& common) {
  auto* command = add_scenario(app, common, "restart", "how long nothing comes out after SIGTERM and SIGKILL");
  auto options = std::make_shared<RestartOptions>();
  options->feed = {.rate = 30'000, .probes = 200, .users = 0};
  add_fill(*command, options->fill);
  command->add_option("--rate", options->feed.rate, "Events a second while it is restarted")->capture_default_str();
  command->add_option("--runs", options->runs, "Restarts of each kind")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->callback([&common, options] {
    options->feed.users = static_cast<std::uint32_t>(asked_users(options->fill));
    restart(common, *options);
  });
}

void add_restore(CLI::App& app, Common& common) {
  auto* command = add_scenario(app, common, "restore", "how fast the states come back from the changelog");
  auto options = std::make_shared<RestoreOptions>();
  add_fill(*command, options->fill);
  command->add_option("--runs", options->runs, "Restores")->check(CLI::Range(1, 100))->capture_default_str();
  command->callback([&common, options] { restore(common, *options); });
}

}  // namespace driftcast::bench
