// driftcast check: is the configuration all right? All problems at once.

#include <fmt/format.h>

#include <memory>

#include "config/fields.h"
#include "pipeline/commands/cli.h"

namespace driftcast {

void add_check_command(CLI::App& app, int& code) {
  auto* command = app.add_subcommand("check", "Check a configuration; prints every problem, exits 78 if there is one");
  auto arguments = std::make_shared<ConfigArguments>();
  arguments->add_to(*command);
  command->callback([arguments, &code] {
    const auto settings = arguments->load();
    if (!settings) {
      code = complain(settings.error());
      return;
    }
    fmt::print("ok: {} settings, output hash {:016x}, model {}\n", fields().size(), output_hash(*settings),
               default_models().id);
  });
}

}  // namespace driftcast
