// Scenarios `throughput` and `sessions`: how fast an instance takes a topic that is there already, exactly once.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/kafka_report.h"
#include "bench/kafka_scenarios.h"

namespace driftcast::bench {

std::string told(const std::string& talk, const std::string& text) {
  const std::size_t found = talk.rfind(text);
  if (found == std::string::npos) return "";
  const std::string rest = talk.substr(found + text.size());
  const std::string line = rest.substr(0, rest.find('\n'));
  return line.substr(std::min(line.size(), line.find_first_not_of(' ')));
}

Pass pass(const Job& job) {
  const Job::Ends ends = job.ends_of_input();
  Pass result;
  const auto process = job.start(true);
  const auto held = await_partitions(*process);
  while (process->runs() && !job.has_committed(ends)) pause(std::chrono::milliseconds{20});
  const auto done = Clock::now();
  result.ended = process->wait_well();
  result.held_s = seconds_between(process->started(), held);
  result.work_s = seconds_between(held, done);
  result.whole_s = seconds_since(process->started());
  result.talk = process->talk();
  return result;
}

namespace {

struct Load {
  std::int64_t events = 1'000'000;
  std::int64_t users = 100'000;
  int days = 30;
  int runs = 3;

  void add_to(CLI::App& command) {
    command.add_option("--events", events, "Events in the topic")->capture_default_str();
    command.add_option("--users", users, "Users they come from")->capture_default_str();
    command.add_option("--days", days, "Days of event time")->capture_default_str();
    command.add_option("--runs", runs, "Runs, each with a new group and new topics for its outputs")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
  }
  std::vector<std::string> arguments() const {
    return {"--events", std::to_string(events), "--users", std::to_string(users),
            "--days",   std::to_string(days),   "--seed",  "42"};
  }
  std::string text() const { return fmt::format("{} events of {} users, {} days", events, users, days); }
};

// Several passes over one input, told as rows.
void measure(Broker& broker, const Common& common, const Load& load, const std::string& input,
             const std::vector<std::string>& settings, std::vector<Pass>& passes) {
  for (int run = 1; run <= load.runs; ++run) {
    progress(fmt::format("run {} of {}", run, load.runs));
    passes.push_back(pass(Job(broker, common, input, settings)));
  }
}

std::vector<double> figures_of(const std::vector<Pass>& passes, const std::function<double(const Pass&)>& figure) {
  std::vector<double> figures;
  std::ranges::transform(passes, std::back_inserter(figures), figure);
  return figures;
}

void print(Report& report, const std::string& what, double records, const std::vector<Pass>& passes) {
  const std::string prefix = what.empty() ? "" : what + ": ";
  report.row(prefix + "events/s, from holding partitions to all committed",
             figures_of(passes, [&](const Pass& each) { return records / each.work_s; }));
  report.row(prefix + "events/s, whole process",
             figures_of(passes, [&](const Pass& each) { return records / each.whole_s; }));
  report.row(prefix + "CPU us/event, whole process",
             figures_of(passes, [&](const Pass& each) { return 1e6 * each.ended.cpu_s / records; }), 2);
  report.row(prefix + "s until it holds partitions", figures_of(passes, [](const Pass& each) { return each.held_s; }),
             2);
  report.row(prefix + "peak RSS, MiB", figures_of(passes, [](const Pass& each) { return each.ended.peak_mib; }));
  report.note(prefix + "last run: CPU spent in " + told(passes.back().talk, "CPU spent in"));
}

void throughput(const Common& common, const Load& load) {
  Broker broker;
  broker.create_topic("events", common.partitions);
  progress("generating " + load.text());
  generate(broker, common, "events", load.arguments());
  std::vector<Pass> passes;
  measure(broker, common, load, "events", {}, passes);
  const auto records = static_cast<double>(load.events);
  Report report(
      fmt::format("throughput: {}, seed 42, {} partitions, {} run(s)", load.text(), common.partitions, load.runs));
  print(report, "", records, passes);
}

// Without forecasts and drift signals no model is at work. The lateness is that of the engines in bench/RESULTS.md.
const std::vector<std::string> kSessionsOnly = {"emit.forecasts=false", "emit.drift=false", "time.lateness=10m"};

void sessions(const Common& common, const Load& load) {
  Broker broker;
  broker.create_topic("events", common.partitions);
  progress("generating " + load.text());
  auto arguments = load.arguments();
  for (const char* none : {"--late", "--duplicates", "--broken"}) arguments.insert(arguments.end(), {none, "0"});
  generate(broker, common, "events", arguments);
  std::vector<Pass> passes;
  measure(broker, common, load, "events", kSessionsOnly, passes);
  const auto records = static_cast<double>(load.events);
  Report report(fmt::format(
      "sessions: {}, seed 42, 2 % out of order, none late, {} partitions, {} run(s); only sessions are published",
      load.text(), common.partitions, load.runs));
  print(report, "", records, passes);
  report.note("sessions: " + told(passes.back().talk, "sessions "));
}

}  // namespace

void add_throughput(CLI::App& app, Common& common) {
  auto* command =
      add_scenario(app, common, "throughput", "events/s, CPU and memory of the job on a topic that is full");
  auto load = std::make_shared<Load>();
  load->add_to(*command);
  command->callback([&common, load] { throughput(common, *load); });
}

void add_sessions(CLI::App& app, Common& common) {
  auto* command = add_scenario(app, common, "sessions", "the same, with nothing but sessions published");
  auto load = std::make_shared<Load>();
  load->events = 2'000'000;
  load->days = 2;
  load->add_to(*command);
  command->callback([&common, load] { sessions(common, *load); });
}

}  // namespace driftcast::bench
