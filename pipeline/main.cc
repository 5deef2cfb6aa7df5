#include <fmt/format.h>

#include "pipeline/commands/cli.h"
#include "pipeline/version.h"

int main(int argc, char** argv) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2")) {
    std::fputs("driftcast: this processor is too old: AVX2, FMA and BMI2 (x86-64-v3) are needed\n", stderr);
    return 70;
  }
  CLI::App app(
      "driftcast: forecasts of what users will want, and signals when their interest drifts, from event streams");
  app.set_version_flag("--version", fmt::format("driftcast {}", driftcast::kVersion));
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& failure) {
    return fmt::format("driftcast: {}\nRun with --help for more information.\n", failure.what());
  });
  int code = 0;
  driftcast::add_run_command(app, code);
  driftcast::add_generate_command(app, code);
  driftcast::add_demo_command(app, code);
  driftcast::add_evaluate_command(app, code);
  driftcast::add_explain_command(app, code);
  driftcast::add_check_command(app, code);
  driftcast::add_describe_command(app, code);
  driftcast::add_train_command(app, code);
  driftcast::add_tick_command(app, code);
  driftcast::add_tail_command(app, code);
  if (argc < 2) {
    std::fputs(app.help().c_str(), stderr);
    return static_cast<int>(driftcast::ErrorCode::kUsage);
  }
  if (argv[1][0] != '-' &&
      app.get_subcommands([&](const CLI::App* each) { return each->check_name(argv[1]); }).empty()) {
    fmt::print(stderr, "driftcast: no command '{}'; 'driftcast --help' lists them\n", argv[1]);
    return static_cast<int>(driftcast::ErrorCode::kUsage);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? 0 : static_cast<int>(driftcast::ErrorCode::kUsage);
  }
  return code;
}
