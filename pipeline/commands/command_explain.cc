// driftcast explain: what is known and expected of one user, for a person.

#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "pipeline/commands/cli.h"
#include "pipeline/explain/explain.h"
#include "pipeline/explain/explain_reader.h"

namespace driftcast {
namespace {

constexpr int kNarrowest = 40, kWidest = 100;

struct Arguments {
  ConfigArguments config;
  std::string user, out;
  int width = 0;  // 0: the terminal's
};

Result<void> run_explain(const Arguments& arguments) {
  const auto settings = arguments.config.load();
  if (!settings) return settings.error();
  const std::string& dir = arguments.out.empty() ? settings->pipeline.sink.dir : arguments.out;
  if (dir.empty()) return error(ErrorCode::kUsage, "where are the outputs? Name their directory with --out DIR");
  const auto trajectory = read_trajectory(dir, settings->pipeline.topics, arguments.user);
  if (!trajectory) return trajectory.error();
  Terminal terminal = terminal_of(STDOUT_FILENO);
  if (arguments.width > 0) terminal.columns = arguments.width;
  terminal.columns = std::clamp(terminal.columns, kNarrowest, kWidest);
  fmt::print("{}", explain(*trajectory, terminal));
  return {};
}

}  // namespace

void add_explain_command(CLI::App& app, int& code) {
  auto* command =
      app.add_subcommand("explain", "Show one user: history, forecasts, interests and drifts, in words too");
  auto arguments = std::make_shared<Arguments>();
  arguments->config.add_to(*command);
  command->add_option("user", arguments->user, "The user's id")->required();
  command->add_option("--out", arguments->out, "Directory with the outputs of a run; default: sink.dir");
  command->add_option("--width", arguments->width, "Columns to use; default: the terminal's")
      ->check(CLI::Range(kNarrowest, kWidest));
  command->footer(
      "Example:\n  driftcast explain u000017 --out out\n"
      "The parts of a forecast are shown when the run had --set output.explain=true.");
  command->callback([arguments, &code] {
    const auto explained = run_explain(*arguments);
    code = explained ? 0 : complain(explained.error());
  });
}

}  // namespace driftcast
