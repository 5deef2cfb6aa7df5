// The real job on a real broker: how fast, how late, how large, and how soon it is back.
//
//     ./dev bench --kafka throughput          (kafka_job --help lists the scenarios and their options)
//
// Each scenario starts a broker of its own in a temporary directory, and the program `driftcast` as a child. CPU time
// and memory are the child's alone, as the system accounts for them at its end (wait4) or in /proc. Broker, feed and
// job share the machine, so rates are those of all of it; CPU per event is the job's. Data goes to standard output,
// progress to standard error; exits with 0 when there are figures, 70 when something failed, 130 when interrupted.
#include <fmt/format.h>

#include "bench/kafka_scenarios.h"
#include "pipeline/commands/cli.h"
#include "pipeline/commands/logging.h"

namespace driftcast::bench {

CLI::App* add_scenario(CLI::App& app, Common& common, const std::string& name, const std::string& help) {
  auto* command = app.add_subcommand(name, help);
  command->add_option("--binary", common.binary, "The driftcast to measure")->capture_default_str();
  command->add_option("--set", common.sets, "A further setting of the job, key=value (repeatable)")
      ->expected(1)
      ->take_all();
  command->add_option("--partitions", common.partitions, "Of every topic")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  return command;
}

namespace {

int run(int argc, char** argv) {
  CLI::App app("kafka_job: measures the real job on a broker of its own");
  app.require_subcommand(1);
  Common common;
  common.binary = DRIFTCAST_BINARY;
  add_throughput(app, common);
  add_sessions(app, common);
  add_floor(app, common);
  add_latency(app, common);
  add_restart(app, common);
  add_restore(app, common);
  add_memory(app, common);
  add_takeover(app, common);
  set_up_logging({.level = "off", .format = "text"});  // of this process's clients: what matters they return
  watch_signals();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : static_cast<int>(ErrorCode::kUsage);
  } catch (const Failure& failure) {
    fmt::print(stderr, "kafka_job: {}\n", failure.what());
    return static_cast<int>(ErrorCode::kBug);
  } catch (const Interrupted&) {
    return 130;
  }
  return 0;
}

}  // namespace
}  // namespace driftcast::bench

int main(int argc, char** argv) { return driftcast::bench::run(argc, argv); }
